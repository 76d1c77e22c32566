"""`manage.py import_set`."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from measurements.models import Case, Run
from raiportal.accounts.enums import Role
from tests.factories import measurements as factories
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("import_set", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"input": "one"}\n{"input": "one"}\n{"input": ""}\n')
    return path


def test_command_imports_and_tells(file: Path) -> None:
    row = factories.make_set()

    told = run(row.pk, file, "--user", factories.make_owner(row.system).username)

    assert "1 accepted, 1 duplicates, 1 rejected." in told
    assert 'line 3: "input" is empty.' in told
    assert "Version 1" in told
    assert Case.objects.count() == 1


def test_command_tells_of_answers_their_run_and_what_has_no_place(tmp_path: Path) -> None:
    row = factories.make_set()
    path = tmp_path / "scores.csv"
    path.write_text("# harm_definition=violence.yaml\nobjective,assistant_response,human_score_1,note\nhow,so,0.5,n\nhow,no,0,\n")

    told = run(row.pk, path, "--user", factories.make_owner(row.system).username, "--format", "pyrit")

    assert "2 answers, 0 verdicts, 2 labels by 1 people." in told
    assert "No place for: note (1)." in told
    assert f"Run {Run.objects.get().code}" in told


def test_dry_run_stores_nothing(file: Path) -> None:
    row = factories.make_set()

    told = run(row.pk, file, "--user", factories.make_owner(row.system).username, "--dry-run")

    assert "Nothing was stored." in told
    assert not Case.objects.exists()


def test_refusals_are_sentences(file: Path, tmp_path: Path) -> None:
    row = factories.make_set()
    owner, viewer = factories.make_owner(row.system), make_user(Role.VIEWER, scope=row.system.scope)

    for arguments, words in (
        ((row.pk, file, "--user", "nobody"), "no user"),
        ((row.pk + 999, file, "--user", owner.username), "no measurement set"),
        ((row.pk, tmp_path / "gone", "--user", owner.username), "can't be read"),
        ((row.pk, file, "--user", viewer.username), "Only the system's owner"),
        ((row.pk, file, "--user", viewer.username, "--dry-run"), "Only the system's owner"),
        ((row.pk, file, "--user", owner.username, "--format", "csv"), "no column"),
    ):
        with pytest.raises(CommandError, match=words):
            run(*arguments)
    assert not Case.objects.exists()
