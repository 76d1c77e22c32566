"""What the repository holds: its files as git knows them, and Python files as syntax trees."""

from __future__ import annotations

import ast
import subprocess
from functools import cache, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("raiportal", "systems", "harms", "measurements", "sample")
SKIPPED_FOLDERS = {".venv", ".git", ".data", ".cache", "screenshots", "test-results", "__pycache__", "node_modules"}


@lru_cache(maxsize=1)
def files() -> tuple[Path, ...]:
    """Every file that is committed or about to be (tracked, or new and not ignored), as a path from the root."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive: everything that is not made by a command
        listed = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if not SKIPPED_FOLDERS & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(Path(name) for name in listed if name and (ROOT / name).is_file()))


def python_files(*folders: str) -> list[Path]:
    """Python files below these folders, without migrations."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in folders and "migrations" not in path.parts]


def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path), filename=str(path))


def templates() -> list[Path]:
    """Template files as paths below `templates/`."""
    return [path.relative_to("templates") for path in files() if path.parts[0] == "templates" and path.suffix == ".html"]
