"""A port that somebody has is told before anything starts, whichever of the two it is."""

import socket
from collections.abc import Iterator

import pytest

from raiportal.embedded import ports
from raiportal.embedded.errors import CannotStart


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on, with a free one before and after it."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            if port < ports.LAST_PORT - 1 and _free(port - 1) and _free(port + 1):
                yield port
                return


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_portals_port_is_checked(taken: int) -> None:
    with pytest.raises(CannotStart, match=f"Port {taken}, which the portal needs, is taken"):
        ports.require_free(taken)


def test_the_sandboxs_port_is_checked(taken: int) -> None:
    with pytest.raises(CannotStart, match=f"Port {taken}, which the sandbox needs, is taken"):
        ports.require_free(taken - 1)


def test_two_free_ports_pass(taken: int) -> None:
    ports.require_free(taken + 1 if _free(taken + 2) else taken + 2)
