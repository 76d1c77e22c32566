"""The sample programme obeys the rules that it is built through."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from harms.models import Harm
from measurements.enums import RunState
from measurements.models import Case, Run
from sample import cases, programme
from systems.models import AISystem

pytestmark = pytest.mark.django_db


@pytest.fixture
def built(settings: pytest.FixtureRequest, tmp_path: Path) -> list[dict[str, str]]:
    settings.EMBEDDED, settings.SANDBOX_URL, settings.DATA_DIR = True, "http://127.0.0.1:8001/v1", tmp_path  # type: ignore[attr-defined]
    call_command("seed_demo")
    return json.loads((tmp_path / "sign-ins.json").read_text())  # type: ignore[no-any-return]


def test_programme_has_three_systems_with_harms_cases_and_a_run(built: list[dict[str, str]]) -> None:
    assert AISystem.objects.count() == 3
    assert Harm.objects.filter(inherent_score=None).exists()
    assert Case.objects.filter(version__measurement_set__name="Discharge notes").count() == 360
    assert Run.objects.filter(set_version__measurement_set__stress=None).get().state == RunState.RUNNING
    assert list(Run.objects.exclude(set_version__measurement_set__stress=None).values_list("state", flat=True)) == [RunState.RUNNING] * 3


def test_each_sample_account_can_sign_in(built: list[dict[str, str]]) -> None:
    for account in built:
        answer = Client().post(reverse("account_login"), {"login": account["username"], "password": account["password"]})
        assert answer.status_code == 302, account["role"]


def test_passwords_are_only_for_the_owner_of_the_folder(built: list[dict[str, str]], tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "sign-ins.json").stat().st_mode) == 0o600


def test_programme_is_built_once(built: list[dict[str, str]]) -> None:
    call_command("seed_demo")

    assert AISystem.objects.count() == 3


def test_programme_is_refused_outside_the_embedded_default(settings: pytest.FixtureRequest) -> None:
    settings.EMBEDDED = False  # type: ignore[attr-defined]

    with pytest.raises(CommandError, match="embedded"):
        call_command("seed_demo")


@pytest.mark.parametrize("name", programme.SYSTEMS)
def test_cases_are_distinct(name: str) -> None:
    for described in programme.read(name)["sets"]:
        inputs = [json.loads(line)["input"] for line in cases.jsonl(described).decode().splitlines()]
        assert len(inputs) == len(set(inputs))
