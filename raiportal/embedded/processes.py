"""Facts about operating-system processes: who is alive, who is ours, and who dies together with us.

A process number alone proves nothing, since numbers are used again. So a process is ours only if the kernel's start time fits too, if it carries
our mark in its environment, or if it is a server that works inside our own folder.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PR_SET_PDEATHSIG = 1  # linux/prctl.h: the signal a process gets when its parent dies
POLL_SECONDS = 0.02

# Positions in /proc/PID/stat after the command's closing bracket, see proc(5).
STATE, GROUP, SESSION, START_TIME = 0, 2, 3, 19
GONE_STATES = {"Z", "X", "x"}  # zombie, dead

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Identity:
    """One process for all time: its number and the moment the kernel says it started (opaque text)."""

    pid: int
    started: str


def identify(pid: int) -> Identity | None:
    """The identity of a live process; None when there is none, or only a zombie."""
    if not PROC.is_dir():
        return _identify_by_ps(pid)
    fields = _stat(pid)
    if not fields or fields[STATE] in GONE_STATES:
        return None
    return Identity(pid, f"{_boot()}:{fields[START_TIME]}")


def is_alive(identity: Identity) -> bool:
    return identify(identity.pid) == identity


def session_members(leader: int) -> list[int]:
    """Live processes of the session or group that `leader` founded, the leader included; empty where there is no /proc."""
    members = []
    for pid in _pids():
        fields = _stat(pid)
        if fields and fields[STATE] not in GONE_STATES and str(leader) in (fields[GROUP], fields[SESSION]):
            members.append(pid)
    return members


def marked_with(mark: str) -> list[int]:
    """Live processes that were given `mark` somewhere in their environment, this one excepted."""
    needle = mark.encode()
    return [pid for pid in _pids() if pid != os.getpid() and needle in _read(PROC / str(pid) / "environ") and identify(pid)]


def working_in(folder: Path, *, command: str) -> list[int]:
    """Live processes named `command` whose current directory is `folder`.

    Servers that overwrite their environment with a title (PostgreSQL, Valkey) can't be found by a mark.
    """
    wanted = str(folder.resolve())
    found = []
    for pid in _pids():
        with contextlib.suppress(OSError):
            if str((PROC / str(pid) / "cwd").readlink()) == wanted and _read(PROC / str(pid) / "comm").strip() == command.encode():
                found.append(pid)
    return [pid for pid in found if identify(pid)]


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` that lets the kernel send `number` to the new process when the thread that starts it ends.

    Start children from the main thread only. Where the kernel has no such service, nothing is arranged.
    """
    parent = os.getpid()

    def arrange() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the kernel knew
            os._exit(1)

    return arrange


def send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def send_to_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers "not permitted" for a group of zombies
        os.killpg(leader, number)


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def end(find: Callable[[], list[int]], *, gently: signal.Signals, grace_seconds: float) -> None:
    """Stop what `find` finds: first `gently`, after the grace time with SIGKILL. `find` is asked again, so that no stale number is signalled."""
    send(find(), gently)
    if not wait_until(lambda: not find(), timeout_seconds=grace_seconds):
        send(find(), signal.SIGKILL)
        wait_until(lambda: not find(), timeout_seconds=grace_seconds)


def _pids() -> Iterator[int]:
    if PROC.is_dir():
        yield from (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _stat(pid: int) -> list[str]:
    return _read(PROC / str(pid) / "stat").decode(errors="replace").rpartition(")")[2].split()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # gone meanwhile, or somebody else's
        return b""


def _boot() -> str:
    return _read(PROC / "sys/kernel/random/boot_id").decode().strip()


def _identify_by_ps(pid: int) -> Identity | None:
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603, S607  (a number)
    return Identity(pid, answer) if answer else None
