"""`manage.py doctor`: what is wrong with this installation, one line a check, with what to do about it.

It works where nothing else does: without a database, without settings, before the first start. It looks and changes nothing.
"""

import argparse
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from raiportal.embedded import binaries, broker, environment, folder, programs
from raiportal.embedded.errors import CannotStart
from raiportal.embedded.folder import DataFolder

OLDEST_PYTHON = (3, 11)
SPARE_CONNECTIONS = 10  # for commands, backups and a listener in each process
WORKER_CONNECTIONS = 2  # of each child of a worker or runner: Django's and a pump's own
EMBEDDED_VARIABLE = "RAIPORTAL_EMBEDDED"


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` is empty when it is well."""

    subject: str
    state: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{'problem' if self.remedy else 'ok':8} {self.subject}: {self.state}{'. ' + self.remedy if self.remedy else ''}"


Check = Callable[[], Iterator[Finding]]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py doctor", description="Say what is wrong with this installation.")
    add_arguments(parser)
    return run(data=parser.parse_args(arguments).data)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", default=None, help="data folder of an embedded installation, if not the usual one")


def run(*, data: str | None) -> int:
    """Print every finding; 1 if there is a problem, else 0."""
    if data:
        os.environ[folder.VARIABLE] = data
    findings = []
    for finding in examine():
        sys.stdout.write(f"{finding}\n")
        findings.append(finding)
    return int(any(finding.remedy for finding in findings))


def examine() -> Iterator[Finding]:
    """All checks, those of the surroundings first. Where the settings don't load, the checks that need them are left out."""
    yield from check_python()
    try:
        environment.attach()
    except CannotStart as refusal:
        yield Finding("settings", "can't be read", str(refusal))
    if os.environ.get(EMBEDDED_VARIABLE) == "1" or "RAIPORTAL_SECRET_KEY" not in os.environ:
        place = folder.choose()
        yield from check_folder(place)
        yield from check_programs()
    settings_load = True
    for finding in check_settings():
        settings_load = settings_load and not finding.remedy
        yield finding
    if settings_load:
        yield from check_database()
        yield from check_broker()
        yield from check_static_files()


def check_python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("Python", version, "" if sys.version_info >= OLDEST_PYTHON else "Install Python 3.11 or newer.")


def check_folder(place: DataFolder) -> Iterator[Finding]:
    if not os.access(place.root, os.R_OK | os.W_OK | os.X_OK):
        remedy = f"Set the rights of {place.root}." if place.root.exists() else "Nothing was started here yet: run `make up`."
        yield Finding("data folder", str(place.root), remedy)
        return
    yield Finding("data folder", str(place.root))
    free = folder.free_bytes(place.root)
    remedy = "" if free >= folder.LEAST_FREE_BYTES else f"Free at least {folder.LEAST_FREE_BYTES // 1_000_000} MB."
    yield Finding("disk", f"{free // 1_000_000} MB free", remedy)
    yield from check_keys(place)


def check_keys(place: DataFolder) -> Iterator[Finding]:
    for file in (place.keys, place.environment, place.sign_ins):
        if file.exists():
            mode = stat.S_IMODE(file.stat().st_mode)
            yield Finding(file.name, f"mode {mode:03o}", f"Close it to others: chmod 600 {file}" if mode & 0o077 else "")
    if place.cluster.exists() and not place.keys.exists():
        yield Finding(place.keys.name, "missing", f"Put {place.keys} back from a backup: the data can't be opened without it.")


def check_programs() -> Iterator[Finding]:
    try:
        yield Finding("broker program", str(binaries.broker_program()))
    except CannotStart as refusal:
        yield Finding("broker program", "unusable", str(refusal))


def check_settings() -> Iterator[Finding]:
    """Whether the settings and the apps load, and what Django's own checks say about them."""
    import django
    from django.conf import settings
    from django.core import checks

    try:
        django.setup()
        complaints = checks.run_checks(include_deployment_checks=not (settings.EMBEDDED or settings.DEBUG))
    except Exception as problem:  # whatever it is, the doctor's work is to tell it
        yield Finding("settings", f"don't load ({type(problem).__name__}: {_first_line(problem)})", "Set the environment as `.env.example` says.")
        return
    serious = [complaint for complaint in complaints if complaint.level >= checks.WARNING and not complaint.is_silenced()]
    if not serious:
        yield Finding("settings", "well")
    for complaint in serious:
        yield Finding("settings", f"{complaint.id} {complaint.msg}", complaint.hint or "Change the setting; `.env.example` lists them all.")


def check_database() -> Iterator[Finding]:
    from django.db import DatabaseError, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute("select current_setting('server_version'), current_setting('max_connections')::int")
            version, most = cursor.fetchone()
    except DatabaseError as problem:
        yield Finding("database", f"doesn't answer ({_first_line(problem)})", "Start the portal with `make up`, or see that the database runs.")
        return
    yield Finding("database", f"PostgreSQL {version}")
    yield from check_connections(most)
    yield from _check_migrations()


def check_connections(allowed: int) -> Iterator[Finding]:
    """Whether all processes together may hold more connections than the database allows."""
    try:
        wanted = connections_wanted()
    except CannotStart as refusal:
        yield Finding("connections", "can't be counted", str(refusal))
        return
    remedy = "" if wanted <= allowed else "Start fewer processes, or raise max_connections."
    yield Finding("connections", f"{wanted} wanted at most, {allowed} allowed", remedy)


def check_broker() -> Iterator[Finding]:
    from django.conf import settings
    from kombu import Connection
    from kombu.exceptions import OperationalError

    try:
        with Connection(settings.BROKER_URL, connect_timeout=broker.ANSWER_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=broker.ANSWER_SECONDS)
    except (OperationalError, OSError) as problem:
        yield Finding("broker", f"doesn't answer ({_first_line(problem)})", "Start the portal with `make up`, or see that the broker runs.")
    else:
        yield Finding("broker", "answers")


def check_static_files() -> Iterator[Finding]:
    from django.conf import settings

    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    needs_manifest = "Manifest" in settings.STORAGES["staticfiles"]["BACKEND"]
    missing = needs_manifest and not manifest.exists()
    yield Finding("static files", "missing" if missing else "collected", "Run `manage.py collectstatic`, or `make up`." if missing else "")


def _check_migrations() -> Iterator[Finding]:
    """Pending migrations; and, once there are none, whether work gets done."""
    from raiportal.embedded.prepare import migrations_are_pending

    if migrations_are_pending():
        yield Finding("migrations", "pending", "Run `manage.py migrate`, or start the portal again.")
        return
    yield Finding("migrations", "applied")
    yield from _check_rights()
    yield from _check_heartbeat()


def _check_rights() -> Iterator[Finding]:
    """Whether the role that the portal signs in with could change the ledger."""
    from raiportal.audit import rights

    excess = rights.excess_rights()
    if not excess:
        yield Finding("rights", "what is written once can only be read and added to")
        return
    state = f"the portal's database role may change {len(excess)} tables that are written once, such as {excess[0]}"
    yield Finding("rights", state, "Let another role own the tables, and run `manage.py prepare_database` as that role.")


def _check_heartbeat() -> Iterator[Finding]:
    from raiportal import clocks
    from raiportal.status import selectors

    age = selectors.heartbeat_age_seconds(clocks.now())
    ready = selectors.readiness()
    state = "none yet" if age is None else f"{age:.0f} s ago"
    yield Finding("heartbeat", state, "" if ready.is_ready else " ".join(ready.problems))


def connections_wanted() -> int:
    """Connections that all processes together may hold."""
    web = programs.count(programs.WEB_WORKERS_VARIABLE, programs.WEB_WORKERS) * programs.WEB_THREADS
    runs = programs.count(programs.RUNNERS_VARIABLE, programs.RUNNERS) * programs.count(programs.RUNNER_PROCESSES_VARIABLE, programs.RUNNER_PROCESSES)
    children = runs + programs.count(programs.WORKER_PROCESSES_VARIABLE, programs.WORKER_PROCESSES)
    return web + children * WORKER_CONNECTIONS + SPARE_CONNECTIONS


def _first_line(problem: BaseException) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
