"""The web server: loads the portal once and then lets granian fork its workers, which halves the CPU of a start.

`make up` and the container both start it: `python -m raiportal.web --host 127.0.0.1 --port 8000 --workers 2 --threads 4`.
"""

from __future__ import annotations

import argparse
import os

from granian.constants import Interfaces
from granian.server import Server

TARGET = "raiportal.wsgi:application"
WORKERS_VARIABLE, WORKERS = "RAIPORTAL_WEB_WORKERS", "2"
PORT_VARIABLE, PORT = "RAIPORTAL_PORT", "8000"
THREADS = 4  # of each worker; each holds a database connection


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m raiportal.web")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, default=os.environ.get(PORT_VARIABLE) or PORT)
    parser.add_argument("--workers", type=int, default=os.environ.get(WORKERS_VARIABLE) or WORKERS)
    parser.add_argument("--threads", type=int, default=THREADS)
    options = parser.parse_args()
    load_portal()
    Server(
        TARGET,
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=options.threads,
        websockets=False,
        respawn_failed_workers=True,
    ).serve()


def load_portal() -> None:
    """Import everything that a first request needs. Nothing here opens a connection, which no fork could share."""
    from raiportal.status import processes

    processes.share_figures()

    from django.urls import get_resolver

    from raiportal import wsgi

    assert wsgi.application
    assert get_resolver().url_patterns


if __name__ == "__main__":
    main()
