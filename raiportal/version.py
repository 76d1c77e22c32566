"""Which release this is, as `pyproject.toml` says."""

from __future__ import annotations

import tomllib
from pathlib import Path

VERSION: str = tomllib.loads(Path(__file__).resolve().parent.parent.joinpath("pyproject.toml").read_text())["project"]["version"]
