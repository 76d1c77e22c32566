"""The data folder of an embedded installation: where it is, what lies in it, and that only one start uses it at a time."""

import errno
import fcntl
import hashlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from raiportal.embedded.errors import CannotStart
from raiportal.embedded.unprivileged import ROOT, Account, closed_parents, database_account

VARIABLE = "RAIPORTAL_DATA"
CHECKOUT = Path(__file__).resolve().parents[2]
ROOTS_FOLDER = Path("/var/lib/raiportal")  # root's home is often closed to the account of the database
LEAST_FREE_BYTES = 200_000_000  # a new cluster takes 40 MB and its log up to 80 MB before the first run
SOCKET_PATH_BYTES = 100  # the kernels allow 103 (macOS) or 107 (Linux)
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
HASH_CHARACTERS = 12


@dataclass(frozen=True)
class DataFolder:
    """The layout. Everything but the way to the database's files is closed to other accounts."""

    root: Path

    @property
    def cluster(self) -> Path:
        return self.root / "postgres"

    @property
    def broker(self) -> Path:
        return self.root / "broker"

    @property
    def sockets(self) -> Path:
        """The folder of the unix sockets; a link to a short path where this one is too long for a socket."""
        return self.root / "sockets"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def records(self) -> Path:
        """Who runs now, one file for each program."""
        return self.root / "running"

    @property
    def programs(self) -> Path:
        return self.root / "programs"

    @property
    def static(self) -> Path:
        return self.root / "static"

    @property
    def keys(self) -> Path:
        return self.root / "keys.json"

    @property
    def environment(self) -> Path:
        """The settings of the latest start, for commands given in another terminal."""
        return self.root / "environment.json"

    @property
    def prepared(self) -> Path:
        """What the folder was last prepared with, see `freshness`."""
        return self.root / "prepared"

    @property
    def sign_ins(self) -> Path:
        return self.root / "sign-ins.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"


def choose(wanted: str | None = None) -> DataFolder:
    """The folder asked for, by argument or environment; else root's or the user's own folder for this checkout."""
    named = wanted or os.environ.get(VARIABLE)
    return DataFolder(Path(named).expanduser().absolute() if named else _own_folder())


def latest() -> DataFolder:
    """The folder that the environment names; else the one that this checkout was last started with, while it is still there."""
    if not os.environ.get(VARIABLE):
        with suppress(OSError):
            noted = DataFolder(Path(os.fsdecode(_note_of_latest().read_bytes())))
            if noted.environment.exists():
                return noted
    return choose()


def remember(folder: DataFolder) -> None:
    """Note for `latest` what this checkout was started with. A home that can't be written to is no reason not to start."""
    with suppress(OSError):
        note = _note_of_latest()
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_bytes(os.fsencode(folder.root))


def lay_out(folder: DataFolder) -> Account:
    """Create what is missing and open the way for the database's account, which is returned. Raises CannotStart."""
    with explained(folder.root):
        _require_ours(folder)
        folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.lock.touch(mode=0o600)  # first of all: it says whose folder this is
        _require_space(folder.root)
        account = database_account(folder.cluster)
        _open_way(folder.root, account)
        for place in (folder.broker, folder.logs, folder.records):
            place.mkdir(mode=0o700, exist_ok=True)
        folder.programs.mkdir(mode=0o755, exist_ok=True)
        folder.programs.chmod(0o755)
        _lay_out_sockets(folder, account)
        return account


@contextmanager
def locked(folder: DataFolder) -> Iterator[None]:
    """Hold the data folder for this process; the kernel lets go of it however the process ends."""
    with explained(folder.root), folder.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"The portal is running already with the data folder {folder.root}: stop it, or choose another folder with DATA=.") from None
        yield


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn what the operating system says about this folder into one sentence."""
    try:
        yield
    except OSError as problem:
        raise CannotStart(_sentence(problem, place)) from problem


def free_bytes(place: Path) -> int:
    return shutil.disk_usage(place).free


def is_full(place: Path) -> bool:
    """Whether too little is free to work with; False where there is no such place."""
    return place.is_dir() and free_bytes(place) < LEAST_FREE_BYTES


def no_space(place: Path) -> str:
    return f"There is no space left on the disk of {place}: free at least {LEAST_FREE_BYTES // 1_000_000} MB, or choose another folder with DATA=."


def _own_folder() -> Path:
    return _everybodys_folders() / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:HASH_CHARACTERS]


def _note_of_latest() -> Path:
    return _own_folder().with_suffix(".latest")


def _everybodys_folders() -> Path:
    if os.geteuid() == ROOT:
        return ROOTS_FOLDER
    chosen = os.environ.get("XDG_DATA_HOME", "")
    if Path(chosen).is_absolute():
        return Path(chosen) / "raiportal"
    return Path(os.environ.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir) / ".local" / "share" / "raiportal"


def _require_ours(folder: DataFolder) -> None:
    """Refuse another account's installation, and a folder that holds something else. Keys alone are those of a backup that is to be restored here."""
    if not folder.root.exists():
        return
    names = {entry.name for entry in folder.root.iterdir()}
    if folder.lock.name not in names:
        if names - {folder.keys.name}:
            raise CannotStart(f"{folder.root} isn't empty and isn't a data folder of raiportal: choose another with DATA=.")
        return
    owner = folder.lock.stat().st_uid
    if owner != os.geteuid():
        raise CannotStart(
            f"The data folder {folder.root} belongs to the account {_name(owner)}: start the portal as that account, or choose another with DATA=."
        )


def _require_space(place: Path) -> None:
    if is_full(place):
        raise CannotStart(no_space(place))


def _open_way(root: Path, account: Account) -> None:
    """Let the database's account pass through our own folder; folders further up are not ours to open."""
    for closed in closed_parents(root, account):
        if closed not in (root, ROOTS_FOLDER):
            raise CannotStart(
                f"Started by root, PostgreSQL runs as the account {account.name}, which may not enter {closed}: choose a data folder elsewhere with DATA=."
            )
        closed.chmod(closed.stat().st_mode | 0o011)


def _lay_out_sockets(folder: DataFolder, account: Account) -> None:
    if len(os.fsencode(folder.sockets / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_BYTES:
        folder.sockets.mkdir(mode=0o700, exist_ok=True)
        account.owns(folder.sockets)
    elif not _is_private(folder.sockets, account):
        short = Path(tempfile.mkdtemp(prefix="raiportal-", dir="/tmp"))
        account.owns(short)
        folder.sockets.unlink(missing_ok=True)
        folder.sockets.symlink_to(short)


def _is_private(place: Path, account: Account) -> bool:
    """Whether a short socket folder of an earlier start is still there and still closed to others."""
    if not place.is_dir():
        return False
    found = place.stat()
    return found.st_uid == account.uid and found.st_mode & 0o077 == 0


def _sentence(problem: OSError, place: Path) -> str:
    sentences: dict[int | None, Callable[[], str]] = {
        errno.ENOSPC: lambda: no_space(place),
        errno.EDQUOT: lambda: no_space(place),
        errno.ENOTDIR: lambda: f"{problem.filename or place} isn't a folder: choose another data folder with DATA=.",
        errno.EEXIST: lambda: f"{problem.filename or place} isn't a folder: choose another data folder with DATA=.",
    }
    general = f"The data folder {place} can't be used ({problem.filename or place}: {problem.strerror}): set its rights, or choose another with DATA=."
    return sentences.get(problem.errno, lambda: general)()


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
