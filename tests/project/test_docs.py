"""Generated pages are those that the code gives today."""

from __future__ import annotations

from tests.project import write_docs

AGAIN = "run `python -m tests.project.write_docs` and commit what changes"


def test_generated_pages_are_fresh() -> None:
    pages = write_docs.pages()

    stale = [
        name for name, content in pages.items() if not (write_docs.DOCS / name).exists() or (write_docs.DOCS / name).read_text(encoding="utf-8") != content
    ]

    assert stale == [], AGAIN


def test_every_state_machine_has_a_page_and_every_page_a_machine() -> None:
    written = {path.name for path in (write_docs.DOCS / "workflows").glob("*.md")}

    assert written == {name.removeprefix("workflows/") for name in write_docs.pages() if name.startswith("workflows/")}
    assert "measurements-run.md" in written
