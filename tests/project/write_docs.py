"""Writes the generated pages of `docs/` anew: `python -m tests.project.write_docs`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def pages() -> dict[str, str]:
    """Content by path below `docs/`."""
    from tests.project import openapi_page, permissions_page, workflow_pages

    workflows = {f"workflows/{name}": content for name, content in workflow_pages.pages().items()}
    return {"permissions.md": permissions_page.page(), "openapi.yaml": openapi_page.page(), **workflows}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raiportal.settings")
    os.environ.setdefault("RAIPORTAL_EMBEDDED", "1")
    for name in ("RAIPORTAL_SECRET_KEY", "RAIPORTAL_FIELD_KEYS"):
        os.environ.setdefault(name, "generates-pages-and-opens-nothing")
    import django

    django.setup()
    shutil.rmtree(DOCS / "workflows", ignore_errors=True)
    (DOCS / "workflows").mkdir()
    for name, content in pages().items():
        (DOCS / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
