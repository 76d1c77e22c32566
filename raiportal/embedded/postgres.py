"""PostgreSQL as the embedded default runs it: its own cluster, reached through a unix socket in a closed folder, no network."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from raiportal.embedded import processes
from raiportal.embedded.binaries import major_version
from raiportal.embedded.errors import CannotStart
from raiportal.embedded.unprivileged import Account

if TYPE_CHECKING:
    import psycopg

SUPERUSER = "postgres"
PORT = "5432"  # only names the socket's file
COMMAND = "postgres"
STOP_SIGNAL = signal.SIGINT  # PostgreSQL's "fast" shutdown: rolls back what is open, writes a checkpoint
BUILTIN_LOCALES_SINCE = 17  # major version; from there on the order of text doesn't depend on the system's libraries
LOCALE = "C.UTF-8"
MAX_CONNECTIONS = 100
READY_SECONDS = 60  # recovery after a kill may take a while
LEFTOVER_SECONDS = 5  # backends see within this time that their postmaster is gone
SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": str(MAX_CONNECTIONS),
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL cluster: its files, its socket folder, and who it runs as."""

    programs: Path
    folder: Path
    sockets: Path
    account: Account
    superuser_password: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)  # on top of SERVER_SETTINGS

    @property
    def command(self) -> list[str]:
        options = [f"{name}={value}" for name, value in {**SERVER_SETTINGS, **self.settings}.items()]
        return [
            str(self.programs / COMMAND),
            "-D",
            str(self.folder),
            "-k",
            str(self.sockets),
            *(word for option in options for word in ("-c", option)),
        ]

    @property
    def is_initialised(self) -> bool:
        return (self.folder / "PG_VERSION").is_file()


@dataclass(frozen=True)
class Login:
    """What the portal signs in to the database with."""

    database: str
    user: str
    password: str = field(repr=False)


def initialise(cluster: Cluster, *, durable: bool = True) -> None:
    """Create the cluster's files unless they are there; refuse those of another major version. `durable` waits for the disk.

    They are made beside their place and moved there when whole, so an interrupted start leaves nothing that looks like a cluster.
    """
    if cluster.is_initialised:
        _require_version(cluster)
        return
    unfinished = cluster.folder.with_name(cluster.folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    cluster.account.owns(unfinished)
    answer = _run_initdb(cluster, unfinished, [] if durable else ["--no-sync"])
    if answer.returncode:
        raise CannotStart(f"PostgreSQL's files could not be created in {cluster.folder}: {_last_line(answer.stderr)}")
    unfinished.rename(cluster.folder)


def leftovers(cluster: Cluster) -> list[int]:
    """Processes of an earlier start that still work in the cluster's folder."""
    return processes.working_in(cluster.folder, command=COMMAND)


def clear_leftovers(cluster: Cluster, *, gently: signal.Signals = signal.SIGQUIT, grace_seconds: float = LEFTOVER_SECONDS) -> None:
    """End what an earlier start left behind, and remove its lock files. Call it only while holding the data folder's lock.

    PostgreSQL itself keeps a lock file whose number belongs to any other process of the same account by now.
    """
    processes.end(lambda: leftovers(cluster), gently=gently, grace_seconds=grace_seconds)
    for stale in (cluster.folder / "postmaster.pid", cluster.sockets / f".s.PGSQL.{PORT}.lock", cluster.sockets / f".s.PGSQL.{PORT}"):
        stale.unlink(missing_ok=True)


def connect(cluster: Cluster, login: Login | None = None) -> "psycopg.Connection":
    """A real connection in autocommit: as the superuser of the cluster, or with the portal's login. Raises psycopg.OperationalError."""
    import psycopg  # 0.15 s, which the caller has while PostgreSQL starts

    login = login or Login("postgres", SUPERUSER, cluster.superuser_password)
    return psycopg.connect(
        host=str(cluster.sockets),
        port=PORT,
        dbname=login.database,
        user=login.user,
        password=login.password,
        connect_timeout=5,
        autocommit=True,
    )


def answers(cluster: Cluster) -> bool:
    """Whether a real connection comes about."""
    import psycopg

    try:
        connect(cluster).close()
    except psycopg.OperationalError:
        return False
    return True


def ensure_login(cluster: Cluster, login: Login, *, extra_rights: LiteralString = "") -> None:
    """Create role and database unless they are there, and set the role's password. `extra_rights` are role options such as CREATEDB."""
    from psycopg import sql

    role, database = sql.Identifier(login.user), sql.Identifier(login.database)
    with connect(cluster) as connection:
        known = connection.execute("select 1 from pg_roles where rolname = %s", [login.user]).fetchone()
        statement = sql.SQL("alter role {} login {} password {}" if known else "create role {} login {} password {}")
        connection.execute(statement.format(role, sql.SQL(extra_rights), sql.Literal(login.password)))
        if not connection.execute("select 1 from pg_database where datname = %s", [login.database]).fetchone():
            connection.execute(sql.SQL("create database {} owner {}").format(database, role))


def ensure_roles(cluster: Cluster, owner: Login, application: Login) -> None:
    """Create the database with its owner, and the application's role beside it, which gets its rights by `prepare_database`.

    What the application's role owns, as it did in older installations, is handed to the owner. The owner may act as the application.
    """
    from psycopg import sql

    ensure_login(cluster, owner)
    ensure_login(cluster, application)
    ours, theirs = sql.Identifier(owner.user), sql.Identifier(application.user)
    with connect(cluster, Login(owner.database, SUPERUSER, cluster.superuser_password)) as connection:
        connection.execute(sql.SQL("reassign owned by {} to {}").format(theirs, ours))
        connection.execute(sql.SQL("grant {} to {}").format(theirs, ours))


def forget_heartbeats(cluster: Cluster, login: Login) -> None:
    """Drop the signs of life of an earlier start, so that "ready" is said of this one."""
    with connect(cluster, login) as connection:
        if connection.execute("select to_regclass('status_heartbeat')").fetchone() != (None,):
            connection.execute("delete from status_heartbeat")


def _run_initdb(cluster: Cluster, folder: Path, options: Sequence[str]) -> subprocess.CompletedProcess[str]:
    with tempfile.NamedTemporaryFile("w", dir=cluster.sockets, prefix="first-password-") as password:
        password.write(cluster.superuser_password)
        password.flush()
        cluster.account.owns(Path(password.name))
        return subprocess.run(  # noqa: S603  (our own program)
            [*_initdb(cluster.programs, folder), f"--pwfile={password.name}", *options],
            capture_output=True,
            text=True,
            check=False,
            cwd=cluster.sockets,
            start_new_session=True,  # a Ctrl-C is for us to answer
            **cluster.account.popen_arguments(),
        )


def _initdb(programs: Path, folder: Path) -> list[str]:
    command = [str(programs / "initdb"), "-D", str(folder), "-U", SUPERUSER, "-E", "UTF8", "-A", "scram-sha-256", "--no-instructions"]
    if major_version(programs) >= BUILTIN_LOCALES_SINCE:
        return [*command, "--locale=C", "--locale-provider=builtin", f"--builtin-locale={LOCALE}"]
    return [*command, f"--locale={LOCALE}"]


def _require_version(cluster: Cluster) -> None:
    found, ours = ((cluster.folder / "PG_VERSION").read_text().strip(), major_version(cluster.programs))
    if found != str(ours):
        raise CannotStart(
            f"The data in {cluster.folder} was written by PostgreSQL {found} and this is PostgreSQL {ours}: start the release of raiportal that wrote it "
            f"and make a backup there, or choose another data folder with DATA=."
        )


def _last_line(output: str) -> str:
    lines = [line for line in output.strip().splitlines() if "removing" not in line]
    return lines[-1] if lines else "no reason was given."
