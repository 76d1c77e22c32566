"""Published wheels read as archives: fetched by name, version and hash into the checkout's cache, never installed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache"
FETCH_SECONDS = 600  # a hundred megabytes over a slow line


class CannotFetch(Exception):
    """A wheel could not be had; the message says which, and what the package client said."""


@dataclass(frozen=True)
class Wheel:
    """One published wheel for every platform, pinned by its hash."""

    name: str
    version: str
    sha256: str

    @property
    def path(self) -> Path:
        return CACHE / "wheels" / f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"


def read(wheel: Wheel, inner: str) -> bytes:
    """One file of the wheel, fetched if it isn't in the cache. Raises CannotFetch."""
    with zipfile.ZipFile(fetched(wheel)) as archive:
        return archive.read(inner)


def fetched(wheel: Wheel) -> Path:
    """The wheel's file, its hash checked at every call. Raises CannotFetch."""
    if not _is_intact(wheel):
        _fetch(wheel)
    return wheel.path


def _is_intact(wheel: Wheel) -> bool:
    if not wheel.path.exists():
        return False
    with wheel.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == wheel.sha256


def _fetch(wheel: Wheel) -> None:
    wheel.path.parent.mkdir(parents=True, exist_ok=True)
    wheel.path.unlink(missing_ok=True)
    wanted = wheel.path.with_suffix(".txt")
    wanted.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    try:
        subprocess.run(  # noqa: S603  (pip, with what stands above)
            [*command, "--dest", str(wheel.path.parent), "--requirement", str(wanted)], check=True, capture_output=True, text=True, timeout=FETCH_SECONDS
        )
    except subprocess.CalledProcessError as problem:
        raise CannotFetch(f"{wheel.name} {wheel.version} could not be fetched: {problem.stderr.strip() or 'the package client gave no reason'}") from None
    except subprocess.TimeoutExpired:
        raise CannotFetch(f"{wheel.name} {wheel.version} could not be fetched within {FETCH_SECONDS} s.") from None
