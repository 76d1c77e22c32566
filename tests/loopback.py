"""Tests reach loopback addresses and unix sockets, nothing else; a name that is not local doesn't resolve."""

import ipaddress
import socket
from typing import Any

LOCAL_NAMES = {"", "localhost", "ip6-localhost", "ip6-loopback"}


class NetworkRefused(OSError):
    """A test tried to leave this machine."""


def is_local(host: object) -> bool:
    if host is None or host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(host, "ascii") if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return str(host).lower().rstrip(".").endswith(".localhost")


def close_the_network() -> None:
    """Replace the ways out of this process: connecting, sending datagrams, resolving names."""
    connect, connect_ex, send_to, resolve = (socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto, socket.getaddrinfo)

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _require_local(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _require_local(self, address)
        return connect_ex(self, address)

    def guarded_send_to(self: socket.socket, *arguments: Any) -> int:
        _require_local(self, arguments[-1])
        return send_to(self, *arguments)

    def guarded_resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        if not is_local(host) and not _is_address(host):
            raise socket.gaierror(socket.EAI_NONAME, f"Tests resolve local names only, not {host}.")
        return resolve(host, *arguments, **options)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign]
    socket.socket.sendto = guarded_send_to  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = guarded_resolve


def _require_local(connection: socket.socket, address: Any) -> None:
    if connection.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
        raise NetworkRefused(f"Tests stay on loopback; this one tried {address[0]}.")


def _is_address(host: Any) -> bool:
    try:
        ipaddress.ip_address(str(host, "ascii") if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True
