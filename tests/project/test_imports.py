"""Imports point one way; the linter holds the line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.project import source


def test_import_contracts_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    checked = subprocess.run([linter, "--no-cache"], cwd=source.ROOT, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_only_the_providers_import_the_vendors_client() -> None:
    importing = [path for path in source.python_files(*source.APPS) if any(line.split()[1].split(".")[0] == "openai" for line in _imports(path))]

    assert importing
    assert all(str(path).startswith("systems/providers/") for path in importing)


def test_nobody_uses_djangos_own_signals_for_our_flow() -> None:
    receivers = [path for path in source.python_files(*source.APPS) if "django.dispatch" in source.text(path) or "models.signals" in source.text(path)]

    assert [str(path) for path in receivers if path.name != "receivers.py"] == []


def _imports(path: Path) -> list[str]:
    return [line.strip() for line in source.text(path).splitlines() if line.strip().startswith(("import ", "from ")) and len(line.split()) > 1]
