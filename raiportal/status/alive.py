"""`manage.py healthy web|worker|runner|beat`: whether this container's process does its work, for health checks.

Web answers on its own port. Worker, runner and beat have no port: each touches a file (RAIPORTAL_ALIVE) whenever it has reached its broker or has ticked,
and the check looks at the file's age. It needs neither database nor Django, so it costs next to nothing.
"""

from __future__ import annotations

import http.client
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FILE_VARIABLE = "RAIPORTAL_ALIVE"
PORT_VARIABLE = "RAIPORTAL_PORT"
HOSTS_VARIABLE = "RAIPORTAL_HOSTS"
DEFAULT_PORT = "8000"
MOST_SECONDS = 60.0  # six beats; a worker's own sign comes every two seconds
WEB_SECONDS = 5.0
PROCESSES = ("web", "worker", "runner", "beat")


def touch() -> None:
    """Say that this process works, where a health check asks for it. A disk that is full is no reason to stop working."""
    if file := os.environ.get(FILE_VARIABLE):
        with suppress(OSError):
            Path(file).touch()


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 and a word if the process is well, else 1 and the reason."""
    if len(arguments) != 1 or arguments[0] not in PROCESSES:
        sys.stderr.write(f"Usage: manage.py healthy {'|'.join(PROCESSES)}\n")
        return 2
    problem = _web_problem() if arguments[0] == "web" else _file_problem(arguments[0])
    (sys.stderr if problem else sys.stdout).write(f"{problem or 'well'}\n")
    return int(bool(problem))


def _file_problem(name: str) -> str:
    file = os.environ.get(FILE_VARIABLE)
    if not file:
        return f"{FILE_VARIABLE} isn't set, so {name} leaves no sign of life."
    try:
        age = time.time() - Path(file).stat().st_mtime
    except OSError:
        return f"{name} has given no sign of life yet."
    return "" if age <= MOST_SECONDS else f"The last sign of life of {name} is {age:.0f} s old."


def _web_problem() -> str:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get(PORT_VARIABLE) or DEFAULT_PORT), timeout=WEB_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": _host()})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as problem:
        return f"The web server doesn't answer ({type(problem).__name__})."
    finally:
        connection.close()
    return "" if status == http.client.OK else f"The web server answers {status}."


def _host() -> str:
    """A name that the portal answers to."""
    first = (os.environ.get(HOSTS_VARIABLE) or "localhost").split(",")[0].strip()
    return "localhost" if first == "*" else first.lstrip(".")
