"""The embedded installation's web server. It loads the portal once and then lets granian fork its workers, which halves the CPU of a start."""

import argparse

from granian.constants import Interfaces
from granian.server import Server

TARGET = "raiportal.wsgi:application"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    for name in ("--port", "--workers", "--threads"):
        parser.add_argument(name, type=int, required=True)
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
    from django.urls import get_resolver

    from raiportal import wsgi

    assert wsgi.application
    assert get_resolver().url_patterns


if __name__ == "__main__":
    main()
