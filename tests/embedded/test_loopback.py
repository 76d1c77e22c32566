"""The wall around the tests' network holds, and local addresses pass it."""

import socket

import pytest

from tests.loopback import NetworkRefused


def test_a_connection_to_the_outside_is_refused() -> None:
    with socket.socket() as connection, pytest.raises(NetworkRefused):
        connection.connect(("192.0.2.1", 80))


def test_a_datagram_to_the_outside_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection, pytest.raises(NetworkRefused):
        connection.sendto(b"?", ("192.0.2.1", 53))


def test_an_outside_name_does_not_resolve() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("example.com", 80)


def test_a_loopback_connection_passes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        connection, _ = server.accept()

        connection.close()
