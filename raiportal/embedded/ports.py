"""The two ports of an embedded installation: the portal's, and the sandbox's right after it."""

import contextlib
import errno
import socket

from raiportal.embedded.errors import CannotStart

DEFAULT_PORT = 8000
LAST_PORT = 65535
LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))  # a browser may try either for "localhost"


def parse(text: str) -> int:
    """The portal's port; the one after it must exist too."""
    if not text.isdecimal() or not 0 < int(text) < LAST_PORT:
        raise CannotStart(f"PORT={text} isn't a port: give a number from 1 to {LAST_PORT - 1}.")
    return int(text)


def require_free(port: int) -> None:
    """Refuse a start whose port, or the sandbox's after it, another program has."""
    for wanted, purpose in ((port, "the portal"), (port + 1, "the sandbox")):
        for family, address in LOOPBACK:
            _require_free(family, address, wanted, purpose)


def _require_free(family: socket.AddressFamily, address: str, port: int, purpose: str) -> None:
    with contextlib.ExitStack() as stack:
        try:
            probe = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended are no obstacle
            probe.bind((address, port))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise CannotStart(
                    f"Port {port}, which {purpose} needs, is taken by another program: choose another with PORT=, such as PORT={_other(port)}."
                ) from None
            if problem.errno == errno.EACCES:
                raise CannotStart(f"Port {port} is reserved for root: choose one above 1023 with PORT=.") from None
            if family == socket.AF_INET:  # a machine without IPv6 is none the worse
                raise CannotStart(f"Port {port} on {address} can't be used: {problem.strerror}.") from None


def _other(port: int) -> int:
    return port + 100 if port + 101 <= LAST_PORT else DEFAULT_PORT
