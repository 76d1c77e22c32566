"""The real local model in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from raiportal.localmodel.__main__ import MODEL
from systems.providers import Target

STOP_SECONDS = 20


@contextmanager
def running_model(*arguments: str) -> Iterator[int]:
    """The model, ready for calls; gives its port. What keeps it from starting is raised as it was said."""
    command = [sys.executable, "-m", "raiportal.localmodel", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(process.stderr.read())
            yield int(line.split("/v1")[0].rsplit(":", 1)[1])
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def target(port: int) -> Target:
    return Target("openai_compatible", "model", f"http://127.0.0.1:{port}/v1", MODEL, allowlist=(f"127.0.0.1:{port}",))
