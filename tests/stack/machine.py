"""The services of docker-compose.yml as processes of this machine: their own commands and environments, with addresses and folders put in place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.stack import composition
from tests.stack.composition import Service
from tests.stack.servers import Postgres, Redis, free_port

STOP_SECONDS = 60
CONTAINER_TEMPORARY = "/tmp/"  # noqa: S108  (the container's own, which each service has to itself)


@dataclass
class Machine:
    """Everything that runs, in one folder. `restart_the_dead` plays the restart policy."""

    folder: Path
    database: Postgres
    broker: Redis
    services: Mapping[str, Service]
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)

    def environment(self, name: str) -> dict[str, str]:
        """The container's environment, with this machine's addresses and folders in place of Docker's."""
        temporary = self.folder / f"tmp-{name}"
        temporary.mkdir(exist_ok=True)
        stated = {**composition.image_environment(), **self.services[name].environment}
        placed = {key: self._placed(value, temporary) for key, value in stated.items()}
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "RAIPORTAL_DB_HOST": "127.0.0.1",
            "RAIPORTAL_DB_PORT": str(self.database.port),
            "RAIPORTAL_PORT": str(self.port),  # in place of the published one
            "HOME": str(temporary),
        }
        return {**placed, **own, **self.extra}

    def command(self, name: str, words: list[str] | None = None) -> list[str]:
        """The given words, or the service's own command; "python" is found on its PATH, as in the image."""
        if words:
            return words
        temporary = self.folder / f"tmp-{name}"
        return [self._placed(word, temporary).replace("0.0.0.0", "127.0.0.1") for word in self.services[name].command]

    def run(self, name: str, *words: str, seconds: float = 180) -> subprocess.CompletedProcess[str]:
        """Run to its end what the service's container would: its own command, or the given one."""
        command = self.command(name, list(words) or None)
        environment = self.environment(name)
        return subprocess.run(
            ["/usr/bin/env", *command], env=environment, cwd=composition.CHECKOUT, capture_output=True, text=True, timeout=seconds, check=False
        )

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                ["/usr/bin/env", *self.command(name)], env=self.environment(name), cwd=composition.CHECKOUT, stdout=log, stderr=log, start_new_session=True
            )

    def restart_the_dead(self) -> list[str]:
        """Start again whatever ended, as `restart: unless-stopped` does."""
        dead = [name for name, process in self.processes.items() if process.poll() is not None]
        for name in dead:
            self.start(name)
        return dead

    def kill(self, name: str) -> None:
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop a service as Docker does; the exit code."""
        self.processes[name].send_signal(number)
        return self.processes.pop(name).wait(STOP_SECONDS)

    def close(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()

    def is_healthy(self, name: str) -> bool:
        return self.run(name, *self.services[name].health, seconds=30).returncode == 0

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _placed(self, text: str, temporary: Path) -> str:
        """A path or address of the container, as it is on this machine."""
        if text.startswith(CONTAINER_TEMPORARY):
            return f"{temporary}/{text.removeprefix(CONTAINER_TEMPORARY)}"
        text = text.replace("@broker:6379", f"@127.0.0.1:{self.broker.port}")
        return text.replace("/opt/raiportal/static", str(self.folder / "static")).replace("/var/lib/raiportal", str(self.folder / "data"))
