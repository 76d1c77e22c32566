"""Each test of evidence has a folder of its own, so that none finds another's leftovers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _empty_folder(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_FILES = tmp_path / "files"
