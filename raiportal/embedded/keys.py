"""The secrets of one embedded installation: random, made at the first start, readable by its owner alone."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from raiportal.embedded.errors import CannotStart

PASSWORD_BYTES = 24
FERNET_KEY_BYTES = 32
LEDGER_KEY_BYTES = 32
OWNER_ONLY = 0o600


@dataclass(frozen=True)
class Keys:
    secret_key: str = field(repr=False)  # signs sessions and tokens
    field_keys: str = field(repr=False)  # Fernet keys, newest first, separated by commas
    database_password: str = field(repr=False)
    superuser_password: str = field(repr=False)
    mark: str = field(repr=False)  # stands in the environment of every process of this installation
    owner_password: str = field(repr=False)  # of the database role that owns the tables; `database_password` is the application's
    ledger_key: str = field(repr=False)  # seed of the Ed25519 key that signs the ledger's segments, base64


def load_or_make(file: Path, *, has_data: bool) -> Keys:
    """Read the installation's keys, or make them for a new one. Keys are never made anew for data that exist already."""
    if file.exists():
        return _completed(file)
    if has_data:
        raise CannotStart(f"The keys of this installation are gone, and its data can't be opened without them: put {file} back from a backup.")
    keys = Keys(
        secrets.token_urlsafe(48),
        base64.urlsafe_b64encode(os.urandom(FERNET_KEY_BYTES)).decode(),
        secrets.token_urlsafe(PASSWORD_BYTES),
        secrets.token_urlsafe(PASSWORD_BYTES),
        secrets.token_hex(PASSWORD_BYTES),
        **_made_later(),
    )
    write_private(file, asdict(keys))
    return keys


def write_private(file: Path, content: object) -> None:
    """Write JSON that only the owner can read, whole or not at all."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w") as stream:
        json.dump(content, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(file)


def _made_later() -> dict[str, str]:
    """Keys that older installations don't have yet."""
    return {"owner_password": secrets.token_urlsafe(PASSWORD_BYTES), "ledger_key": base64.b64encode(os.urandom(LEDGER_KEY_BYTES)).decode()}


def _completed(file: Path) -> Keys:
    """The keys in the file; those that it lacks because it is older than they are get made and written."""
    try:
        content = json.loads(file.read_text())
        whole = {**_made_later(), **content}
        keys = Keys(**{part.name: str(whole[part.name]) for part in fields(Keys)})
    except (ValueError, KeyError, TypeError) as problem:
        raise CannotStart(f"The keys of this installation can't be read from {file}: put the file back from a backup.") from problem
    if whole.keys() != content.keys():
        write_private(file, whole)
    return keys
