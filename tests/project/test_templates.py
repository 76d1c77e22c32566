"""Templates: fragments name themselves, none is forgotten, none lets text through as markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project import source

FOUND_BY_CONVENTION = {"400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html"}  # Django and allauth look for these by name
OF_ALLAUTH = {"account", "mfa"}  # folders whose pages allauth names
TAG = re.compile(r"<([a-z][a-z0-9]*)\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
TEMPLATE_CODE = re.compile(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}", re.S)
ROOT_ID = re.compile(r"(?:^|\s)id=\"([^\"]*)\"")


def _fragments() -> list[Path]:
    return [path for path in source.templates() if path.name.startswith("_")]


def _root_id(markup: str) -> str | None:
    first = TAG.search(TEMPLATE_CODE.sub("", markup))
    named = ROOT_ID.search(first.group(2)) if first else None
    return named.group(1) if named else None


@pytest.mark.parametrize("path", _fragments(), ids=str)
def test_root_of_a_fragment_has_the_files_name_as_id(path: Path) -> None:
    name = path.stem.removeprefix("_").removesuffix("_oob").replace("_", "-")

    root_id = _root_id(source.text("templates" / path)) or ""

    assert root_id == name or root_id.startswith((f"{name}-{{{{", f"{name}-{{%", "{{")), root_id  # several on a page: an id each


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<ol class="x" id="rows"><li id="row-1"></li></ol>', "rows"),
        ('{# <p id="no"> #}<p title="a > b" id="yes">', "yes"),
        ('<p>none</p><p id="late">', None),
        ('<p data-id="x">', None),
    ],
)
def test_check_reads_the_root_element(markup: str, expected: str | None) -> None:
    assert _root_id(markup) == expected


def test_every_template_is_used() -> None:
    written = "\n".join(source.text(path) for path in source.files() if path.suffix in {".py", ".html"} and path.parts[0] != "tests")
    unused = [
        str(path) for path in source.templates() if str(path) not in FOUND_BY_CONVENTION and path.parts[0] not in OF_ALLAUTH and not _names(str(path), written)
    ]

    assert unused == []


def _names(path: str, written: str) -> bool:
    if path.startswith("errors/") and "errors/{status}" in written and path.split("/")[1].split(".")[0].isdigit():
        return True
    return f'"{path}"' in written or f"'{path}'" in written


def test_account_templates_override_allauths_own() -> None:
    import allauth

    shipped = Path(allauth.__file__).parent / "templates"

    assert [str(path) for path in source.templates() if path.parts[0] in OF_ALLAUTH and not (shipped / path).exists()] == []


@pytest.mark.parametrize("path", source.templates(), ids=str)
def test_template_escapes_everything_and_needs_no_evaluation(path: Path) -> None:
    markup = source.text("templates" / path)

    assert not re.search(r"\|\s*safe\b|{%\s*autoescape\s+off|\|\s*safeseq\b", markup)
    assert not re.search(r"\s(on[a-z]+|hx-on[^=\s]*|style)\s*=", markup)
    assert not re.search(r"(hx-vals|hx-headers|hx-vars)\s*=\s*[\"']js:|hx-trigger\s*=\s*\"[^\"]*\[", markup)


def test_no_module_marks_text_as_safe() -> None:
    marking = [str(path) for path in source.python_files(*source.APPS) if re.search(r"\bmark_safe\b|\bSafeString\((?![\"'(])", source.text(path))]

    assert marking == []
