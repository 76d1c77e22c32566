"""The settings that an embedded installation gives to its processes, and to commands given in another terminal."""

import json
import os
from collections.abc import Mapping

from raiportal.embedded import folder as data_folder
from raiportal.embedded import keys, postgres
from raiportal.embedded.broker import Broker
from raiportal.embedded.errors import CannotStart
from raiportal.embedded.folder import CHECKOUT, DataFolder
from raiportal.embedded.keys import Keys

MARK_VARIABLE = "RAIPORTAL_INSTALLATION"
ALLOWLIST_VARIABLE = "RAIPORTAL_ENDPOINT_ALLOWLIST"
STATIC_STORAGE = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"  # compressing takes 40 s of CPU and gains nothing on loopback
DATABASE = "raiportal"
ROLE = "raiportal"  # what web, worker, beat and commands sign in with; it owns nothing
OWNER = "raiportal_owner"  # owns the tables; migrations run as this role


def login(keys: Keys) -> postgres.Login:
    return postgres.Login(DATABASE, ROLE, keys.database_password)


def owner(keys: Keys) -> postgres.Login:
    return postgres.Login(DATABASE, OWNER, keys.owner_password)


def settings_of(folder: DataFolder, keys: Keys, broker: Broker, *, port: int) -> dict[str, str]:
    """Everything that `raiportal.settings` reads and that belongs to this installation."""
    return {
        "DJANGO_SETTINGS_MODULE": "raiportal.settings",
        "RAIPORTAL_EMBEDDED": "1",
        "RAIPORTAL_DATA": str(folder.root),
        "RAIPORTAL_PORT": str(port),
        "RAIPORTAL_SECRET_KEY": keys.secret_key,
        "RAIPORTAL_FIELD_KEYS": keys.field_keys,
        "RAIPORTAL_LEDGER_KEY": keys.ledger_key,
        "RAIPORTAL_DB_HOST": str(folder.sockets),
        "RAIPORTAL_DB_PORT": postgres.PORT,
        "RAIPORTAL_DB_NAME": DATABASE,
        "RAIPORTAL_DB_USER": ROLE,
        "RAIPORTAL_DB_PASSWORD": keys.database_password,
        "RAIPORTAL_BROKER_URL": broker.url,
        "RAIPORTAL_STATIC_STORAGE": STATIC_STORAGE,
        "RAIPORTAL_SANDBOX_URL": f"http://127.0.0.1:{port + 1}/v1",
        ALLOWLIST_VARIABLE: _allowlist(port + 1),
    }


def for_processes(settings: Mapping[str, str], keys: Keys) -> dict[str, str]:
    """The whole environment of a process of this installation: the terminal's, our settings, and the mark by which it is found again."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return {**inherited, **settings, MARK_VARIABLE: keys.mark, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(CHECKOUT)}


def for_preparation(environment: Mapping[str, str], owner: postgres.Login) -> dict[str, str]:
    """The environment of the process that brings the database up to date: it signs in as the owner and grants the application's role its rights."""
    return {**environment, "RAIPORTAL_DB_USER": owner.user, "RAIPORTAL_DB_PASSWORD": owner.password, "RAIPORTAL_DB_APP_ROLE": ROLE}


def attach(*, as_owner: bool = False) -> None:
    """Give this process the settings of the installation that was last started here, unless the environment says which one it is.

    So `manage.py create_token` in a second terminal reaches the portal that `make up` started in the first. `as_owner` signs in as the owner of the
    tables, which few commands need.
    """
    if "RAIPORTAL_SECRET_KEY" in os.environ:
        return
    place = data_folder.latest()
    file = place.environment
    with data_folder.explained(file.parent):
        if not file.exists():
            return
        content = file.read_text()
    try:
        settings = json.loads(content)
    except ValueError:
        raise CannotStart(f"{file} can't be read: start the portal once, and it is written again.") from None
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    if as_owner:
        os.environ.update(for_preparation({}, owner(keys.load_or_make(place.keys, has_data=True))))


def _allowlist(sandbox_port: int) -> str:
    """The user's own entries, and the sandbox."""
    own = [entry.strip() for entry in os.environ.get(ALLOWLIST_VARIABLE, "").split(",") if entry.strip()]
    return ",".join(dict.fromkeys([*own, f"127.0.0.1:{sandbox_port}", f"localhost:{sandbox_port}"]))
