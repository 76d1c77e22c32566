"""The broker as the embedded default runs it: an append-only file, a unix socket in a closed folder, no network."""

import contextlib
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from raiportal.embedded import processes

SOCKET_NAME = "broker.sock"
STOP_SIGNAL = signal.SIGTERM  # saves and ends
READY_SECONDS = 30
ANSWER_SECONDS = 1
LEFTOVER_SECONDS = 5


@dataclass(frozen=True)
class Broker:
    """One broker: its program, the folder of its append-only file, the folder of its socket."""

    program: Path
    folder: Path
    sockets: Path
    durable: bool = True

    @property
    def socket_file(self) -> Path:
        return self.sockets / SOCKET_NAME

    @property
    def url(self) -> str:
        """The address as Celery writes it."""
        return f"redis+socket://{self.socket_file}?virtual_host=0"

    @property
    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket_file),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
        }
        return [str(self.program), *(word for name, value in options.items() for word in (f"--{name}", value))]


def clear_leftovers(broker: Broker) -> None:
    """End what an earlier start left working in the broker's folder. Call it only while holding the data folder's lock."""
    command = broker.program.name[:15]  # the kernel keeps so many characters of a name
    processes.end(lambda: processes.working_in(broker.folder, command=command), gently=STOP_SIGNAL, grace_seconds=LEFTOVER_SECONDS)
    broker.socket_file.unlink(missing_ok=True)


def answers(broker: Broker) -> bool:
    """Whether the broker answers a PING; while it still reads its file it says so instead."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(broker.socket_file))
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")
    return False
