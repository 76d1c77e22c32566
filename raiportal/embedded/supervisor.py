"""Keeps programs running: brings back what dies, stops everything in order when asked.

One thread does it all, because the kernel ties each child's life to the thread that started it. Signals wake the loop through a socket.
"""

import select
import signal
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType

from raiportal.embedded.children import Child, Program, start

STABLE_SECONDS = 10.0  # a program that ran so long is brought back at once
LONGEST_DELAY_SECONDS = 30.0
FIRST_DELAY_SECONDS = 0.5
QUICK_DEATHS_TO_TELL = 2  # from the second one on, the line names the log
IDLE_SECONDS = 1.0
CHECK_SECONDS = 0.05  # between two looks at a condition that somebody waits for
FORCE_SECONDS = 0.5  # a second Ctrl-C counts only this long after the first request: `make` may pass the same signal on
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


@dataclass
class Watched:
    """A program that is to run, and how it has fared."""

    program: Program
    child: Child | None = None
    quick_deaths: int = 0
    due_at: float = 0.0  # time.monotonic() of the next start, while it is down


class Supervisor:
    """Starts programs and watches them; `say` prints one line to the person at the terminal."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._watched: dict[str, Watched] = {}
        self._stop_asked_at: float | None = None
        self._force = False
        self._wakes, self._woken = socket.socketpair()
        for end in (self._wakes, self._woken):
            end.setblocking(False)

    def listen_for_signals(self) -> None:
        """Take over the signals of this process. Call it once, from the main thread."""
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._note_stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def add(self, program: Program) -> None:
        """Start a program and keep it running from now on."""
        self._watched[program.name] = Watched(program, start(program))

    def run_until(self, condition: Callable[[], bool], *, timeout_seconds: float) -> bool:
        """Watch until the condition holds; False when the time is over. Raises StopAsked."""
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._watch_once(CHECK_SECONDS)
        return True

    def run(self) -> None:
        """Watch until asked to stop, by raising StopAsked."""
        while True:
            self._watch_once(IDLE_SECONDS)

    def stop(self, groups: Iterable[Iterable[str]]) -> None:
        """Stop the named programs, group after group; those of one group together. A second Ctrl-C kills what is left."""
        for names in groups:
            group = [watched.child for name in names if (watched := self._watched.pop(name, None)) and watched.child]
            for child in group:
                child.signal(child.program.stop_signal)
            for child in group:
                self._await_end(child)

    def close(self) -> None:
        """Stop whatever still runs, at once, and let go of the socket."""
        for watched in self._watched.values():
            if watched.child:
                watched.child.end_now()
        self._watched.clear()
        self._wakes.close()
        self._woken.close()

    def _watch_once(self, patience_seconds: float) -> None:
        if self._stop_asked_at is not None:
            raise StopAsked
        for watched in self._watched.values():
            self._tend(watched, time.monotonic())
        self._sleep(patience_seconds)

    def _tend(self, watched: Watched, now: float) -> None:
        if watched.child and not watched.child.is_running:
            self._mourn(watched, watched.child, now)
        if watched.child is None and now >= watched.due_at:
            watched.child = start(watched.program)
        elif watched.child and now - watched.child.started_at > STABLE_SECONDS:
            watched.quick_deaths = 0

    def _mourn(self, watched: Watched, child: Child, now: float) -> None:
        """Note a death, clear away the rest of the program, and settle when it comes back."""
        child.bury()
        watched.child = None
        watched.quick_deaths = 0 if now - child.started_at > STABLE_SECONDS else watched.quick_deaths + 1
        delay = restart_delay(watched.quick_deaths)
        watched.due_at = now + delay
        line = f"{watched.program.name} ended unexpectedly ({ending(child.process.returncode)})"
        if watched.quick_deaths >= QUICK_DEATHS_TO_TELL:
            self._say(f"{line}, {watched.quick_deaths} times in a row; its log {watched.program.log} may say why. Next start in {delay:g} s.")
        else:
            self._say(f"{line}; it is started again.")

    def _await_end(self, child: Child) -> None:
        deadline = time.monotonic() + child.program.grace_seconds
        while child.is_running and time.monotonic() < deadline and not self._force:
            self._sleep(CHECK_SECONDS)
        child.end_now()

    def _sleep(self, seconds: float) -> None:
        """Sleep, but not past a signal."""
        if select.select([self._wakes], [], [], seconds)[0]:
            self._wakes.recv(4096)

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()
        elif number == signal.SIGINT and time.monotonic() - self._stop_asked_at > FORCE_SECONDS:
            self._force = True


def restart_delay(quick_deaths: int) -> float:
    """Seconds to wait before a program that died so often in a row is started again: none for the first time, then doubling."""
    return 0.0 if quick_deaths <= 1 else float(min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** (quick_deaths - 2)))


def ending(returncode: int | None) -> str:
    """How a process ended, in words."""
    if returncode is not None and returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"
