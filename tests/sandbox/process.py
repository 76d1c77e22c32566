"""A simulator in a process of its own, and the calls tests make to it."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

START_SECONDS = 20
MODEL = "sim-chat-small"


@dataclass(frozen=True)
class RunningSimulator:
    """A simulator that listens: its process, the line it printed, its port and a client for it."""

    process: subprocess.Popen[str]
    line: str
    port: int
    client: httpx2.Client

    def chat(self, text: str, *, model: str = MODEL, system: str = "", headers: dict[str, str] | None = None, **fields: Any) -> httpx2.Response:
        return self.client.post("/v1/chat/completions", json=chat_body(text, model=model, system=system, **fields), headers=headers)

    def log(self, **options: Any) -> dict[str, Any]:
        return self.client.get("/_simulator/log", params=options).json()  # type: ignore[no-any-return]

    def settings(self, **changes: Any) -> httpx2.Response:
        return self.client.post("/_simulator/settings", json=changes)

    def expect(self, prompts: list[str], **fields: Any) -> dict[str, Any]:
        return self.client.post("/_simulator/expect", json={"prompts": prompts, **fields}).json()  # type: ignore[no-any-return]

    def connection(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


def chat_body(text: str, *, model: str = MODEL, system: str = "", **fields: Any) -> dict[str, Any]:
    before = [{"role": "system", "content": system}] if system else []
    return {"model": model, "messages": [*before, {"role": "user", "content": text}], **fields}


@contextmanager
def running_simulator(*arguments: str) -> Iterator[RunningSimulator]:
    command = [sys.executable, "-m", "raiportal.sandbox", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(line.split(" (")[0].rsplit(":", 1)[1])
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False) as client:
                yield RunningSimulator(process, line, port, client)
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def eventually(condition: Callable[[], bool], *, seconds: float = 5) -> bool:
    """Whether the condition holds within some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def received(connection: socket.socket) -> bytes:
    """All that arrives until the other side closes."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)
