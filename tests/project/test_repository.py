"""The repository as a whole: settings listed, decisions numbered, nothing in it that ties it to one machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.project import source

READABLE = {".py", ".md", ".toml", ".txt", ".html", ".css", ".js", ".yaml", ".yml", ".svg", ".cfg", ".ini", ".sh", ".example", ".json", ""}
SETTING = re.compile(r"\bRAIPORTAL_[A-Z_]+[A-Z]\b")
LOCKS_WITH_ADDRESSES = {"uv.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "Pipfile.lock"}
WORDS_OF_THESE_CHECKS = Path("tests/project/test_repository.py")
REGISTRIES = re.compile(r"py[p]i\.org|python[h]osted\.org|registry\.(n[p]mjs|y[a]rnpkg)|n[p]mjs\.com|--(extra-)?index-url\s+\S|https?://\S*/simple/?\b")
ONE_MACHINE = re.compile(r"/[h]ome/\w|/[r]oot\b|/[w]ork/|/[U]sers/\w|C:\\[U]sers")
UNFINISHED = re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b|\bHACK\b|\bWIP\b")
OUTSIDE_THE_PROJECT = re.compile(r"\bissue #?\d|house-style|\bclaude\b|\banthropic\b|chatgpt|\bcodex\b|\bcopilot\b", re.IGNORECASE)


def _texts() -> list[Path]:
    readable = [path for path in source.files() if path.suffix in READABLE and not path.name.startswith("requirements")]
    return [path for path in readable if path != WORDS_OF_THESE_CHECKS]


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:100]}" for path in _texts() for number, line in enumerate(source.text(path).splitlines(), 1) if pattern.search(line)
    ]


@pytest.mark.parametrize("pattern", [REGISTRIES, ONE_MACHINE, UNFINISHED, OUTSIDE_THE_PROJECT], ids=["registries", "one machine", "unfinished", "outside"])
def test_no_file_holds_what_does_not_belong(pattern: re.Pattern[str]) -> None:
    assert _lines_with(pattern) == []


def test_checks_of_words_find_them() -> None:
    assert REGISTRIES.search("https://" + ".".join(("pypi", "org")))
    assert ONE_MACHINE.search("/".join(("", "home", "ada", "raiportal")))
    assert UNFINISHED.search("# TODO: later")
    assert OUTSIDE_THE_PROJECT.search("see issue #12")


def test_locks_name_no_registry() -> None:
    assert [str(path) for path in source.files() if path.name in LOCKS_WITH_ADDRESSES] == []
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-local-llm.txt"):
        assert "://" not in source.text(Path(name))
        assert "--index-url" not in source.text(Path(name))


def test_every_setting_is_listed_in_the_example_and_read_somewhere() -> None:
    listed = set(SETTING.findall(source.text(Path(".env.example"))))
    places = [*source.python_files("raiportal", "systems", "harms", "measurements", "sample"), Path("manage.py"), Path("Makefile"), Path("docker-compose.yml")]
    read = {name for path in places for name in SETTING.findall(source.text(path))}

    assert read - listed == set()
    assert listed - read == set()


def test_decisions_are_numbered_without_gap_and_say_what_they_cost() -> None:
    decisions = [path for path in source.files() if path.parent == Path("docs/decisions")]
    numbers = [int(match.group(1)) for path in decisions if (match := re.match(r"(\d{4})-[a-z0-9-]+\.md$", path.name))]

    assert len(numbers) == len(decisions)
    assert sorted(numbers) == list(range(1, len(decisions) + 1))
    for path in decisions:
        assert all(f"**{part}.**" in source.text(path) for part in ("Context", "Decision", "Cost", "Turned down")), path


def test_no_module_is_named_for_nothing() -> None:
    nameless = {"utils", "helpers", "common", "misc", "util", "helper"}

    assert [
        str(path) for path in source.python_files(*source.APPS, "tests", "benchmarks") if {part.removesuffix(".py") for part in path.parts} & nameless
    ] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path)
        for path in source.python_files(*source.APPS, "tests", "benchmarks")
        if source.tree(path).body
        and not (source.text(path).lstrip().startswith('"""'))
        and path.name not in {"urls.py", "apps.py"}
        and not path.name.startswith("test_")
    ]

    assert silent == []


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
    broken = [
        f"{path}: {target}"
        for path in source.files()
        if path.suffix == ".md"
        for target in link.findall(source.text(path))
        if "://" not in target and not target.startswith("mailto:") and not (source.ROOT / path.parent / target).exists()
    ]

    assert broken == []


def test_there_is_no_admin_site() -> None:
    """SEC-47."""
    assert [app for app in settings.INSTALLED_APPS if "admin" in app.split(".") or app.startswith("django.contrib.admin")] == []
    assert [str(path) for path in source.python_files(*source.APPS) if path.name == "admin.py" or "django.contrib import admin" in source.text(path)] == []
