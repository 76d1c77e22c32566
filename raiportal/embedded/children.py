"""Programs that we start, each in a session of its own, with a log file and a record of who it is."""

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from raiportal.embedded import processes
from raiportal.embedded.errors import CannotStart

FORCE_SECONDS = 3.0
LOG_BYTES = 5_000_000  # a larger log starts anew; one older copy is kept


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Program:
    """One thing to run. `before_start` clears away what a killed predecessor left; it is called before each start."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    log: Path
    record: Path
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGTERM  # what the kernel sends it when we die
    force_signal: signal.Signals = signal.SIGKILL
    grace_seconds: float = 10.0
    run_as: Mapping[str, Any] = field(default_factory=dict)  # arguments of subprocess.Popen
    before_start: Callable[[], None] = _nothing


@dataclass
class Child:
    """A started program."""

    program: Program
    process: subprocess.Popen[bytes]
    started_at: float  # time.monotonic()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Signal the program itself; it passes the wish on to its own children."""
        if self.is_running:
            self.process.send_signal(number)

    def bury(self) -> None:
        """Kill what the program left of its session, and drop its record."""
        processes.send_to_group(self.process.pid, signal.SIGKILL)
        processes.send(processes.session_members(self.process.pid), signal.SIGKILL)
        self.program.record.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop it the gentle way, and by force after the grace time; returns when it is gone."""
        self.signal(self.program.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.program.grace_seconds)
        self.end_now()

    def end_now(self) -> None:
        """End it by force if it still runs, with whatever it left of its session; returns when it is gone."""
        self.signal(self.program.force_signal)
        try:
            self.process.wait(FORCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.bury()


def start(program: Program) -> Child:
    """Start a program. Call it from the main thread: the kernel ties the child's life to the thread that started it."""
    program.before_start()
    _turn_over(program.log)
    with program.log.open("ab") as log:
        try:
            process = subprocess.Popen(  # noqa: S603  (our own programs)
                list(program.command),
                env=dict(program.environment),
                cwd=program.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=processes.die_with_parent(program.orphan_signal),
                **program.run_as,
            )
        except OSError as problem:
            raise CannotStart(f"{program.name} could not be started: {problem.strerror} ({problem.filename or program.command[0]}).") from problem
    _write_record(program.record, process.pid)
    return Child(program, process, time.monotonic())


def recorded(record: Path) -> processes.Identity | None:
    """Who a record of an earlier start names; None where it can't be read."""
    try:
        return processes.Identity(**json.loads(record.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write_record(record: Path, pid: int) -> None:
    identity = processes.identify(pid)
    if identity is None:  # it is gone already, and whoever watches it will see that
        return
    unfinished = record.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(asdict(identity)))
    unfinished.rename(record)


def _turn_over(log: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            log.replace(log.with_name(log.name + ".1"))
