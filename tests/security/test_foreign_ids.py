"""Ids of another system in a valid request, fields that nobody may set, moves between systems. SEC-08, SEC-09, SEC-10."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.apps import apps

from tests.project import source
from tests.project.access import DOORS, Door, Who
from tests.project.knocking import knock, text_of
from tests.project.world import World

BY_ID = {door.id: door for door in DOORS}
Value = Callable[[World], Any]
S2: dict[str, Value] = {
    "system": lambda world: world.s2.system.pk,
    "deployment": lambda world: world.s2.deployment.pk,
    "metaprompt": lambda world: world.s2.metaprompt.pk,
    "configuration": lambda world: world.s2.configuration.pk,
    "set_version": lambda world: world.s2.version.pk,
    "measurement_set_version": lambda world: world.s2.version.pk,
    "metrics": lambda world: [world.s2.metric.pk],
    "harm": lambda world: world.s2.harm.pk,
    "harms": lambda world: [world.s2.harm.pk],
}
# Every field that names a row of a system, by the door it is sent to.
NAMING = {
    "POST configuration-add": ("deployment", "metaprompt"),
    "POST set-add": ("harms",),
    "POST set-edit": ("harms",),
    "POST metric-add": ("harm",),
    "POST metric-revise": ("harm",),
    "POST run-add": ("configuration", "set_version", "metrics"),
    "POST api-deployment-list": ("system",),
    "POST api-metaprompt-version-list": ("system",),
    "POST api-configuration-list": ("deployment", "metaprompt"),
    "POST api-harm-list": ("system",),
    "POST api-measurement-set-list": ("system", "harms"),
    "PATCH api-measurement-set-detail": ("harms",),
    "POST api-metric-list": ("system", "harm"),
    "POST api-metric-revise": ("harm",),
    "POST api-run-list": ("configuration", "measurement_set_version", "metrics"),
}
TRIALS = [(BY_ID[door], field) for door, fields in NAMING.items() for field in fields]
OF_NO_SYSTEM = {"owner", "user", "category", "actor", "scope", "scopes"}  # people, catalogues; scopes of a token are one's own
READS_NO_BODY = "api-deployment-test"
EXTRAS = {
    "id": 424242,
    "pk": 424242,
    "state": "completed",
    "status": "completed",
    "is_staff": True,
    "is_superuser": True,
    "is_active": True,
    "digest": "0" * 64,
    "number": 99,
    "severity_final": 1,
    "numerator": 0,
    "defects": 0,
    "priority": 25,
    "snapshot": "{}",
    "planned_count": 1,
    "case_count": 1,
    "approved_by": 1,
    "signed_at": "2020-01-01T00:00:00Z",
    "created_at": "2020-01-01T00:00:00Z",
}


@pytest.mark.parametrize(("door", "field"), TRIALS, ids=[f"{door.id}: {field}" for door, field in TRIALS])
def test_an_id_of_another_system_is_refused_like_none(world: World, door: Door, field: str) -> None:
    watch = world.watch()
    sent = {**door.sent(world), field: S2[field](world)}
    nothing = {**sent, field: [987_654_321] if isinstance(sent[field], list) else 987_654_321}

    foreign = knock(world, door, Who.OWNER, sent=sent)
    unknown = knock(world, door, Who.OWNER, sent=nothing)

    assert foreign.status_code == unknown.status_code == 422, text_of(foreign)[:300]
    assert watch.changed() == set()
    if door.is_api:
        assert foreign.json() == unknown.json()
        assert list(foreign.json()["errors"]) == [field]


MIXED = [(door, field) for door, field in TRIALS if field != "system" and (door.name, field) != ("api-configuration-list", "deployment")]  # whole objects of S2


@pytest.mark.parametrize(("door", "field"), MIXED, ids=[f"{door.id}: {field}" for door, field in MIXED])
def test_who_sees_both_systems_can_t_mix_them(world: World, door: Door, field: str) -> None:
    """A risk manager may name rows of both; a row of one never refers to one of the other. A whole object may of course be made in S2."""
    if field == "system" or (door.id.endswith("configuration-list") and field == "deployment"):
        pytest.skip("makes an object of S2, which a risk manager may")
    watch = world.watch()

    answer = knock(world, door, Who.RISK_MANAGER, sent={**door.sent(world), field: S2[field](world)})

    assert answer.status_code == 422, text_of(answer)[:300]
    assert watch.changed() == set()


def test_every_form_field_that_names_a_row_is_tried() -> None:
    naming = set()
    for path in source.python_files(*source.APPS):
        if path.name == "forms.py" or "forms" in path.parts:
            module = importlib.import_module(".".join(path.with_suffix("").parts))
            classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, forms.BaseForm)]
            naming |= {name for form in classes for name, field in getattr(form, "base_fields", {}).items() if isinstance(field, forms.ModelChoiceField)}

    assert naming
    assert naming - OF_NO_SYSTEM <= {field for fields in NAMING.values() for field in fields}


@pytest.mark.parametrize(
    "door", [door for door in DOORS if door.is_api and not door.is_reading and not door.is_multipart and door.name != READS_NO_BODY], ids=lambda door: door.id
)
@pytest.mark.parametrize("extra", ["id", "state", "created_by", "digest", "system_id", "is_staff"])
def test_api_refuses_fields_that_are_not_offered(world: World, door: Door, extra: str) -> None:
    watch = world.watch()

    answer = knock(world, door, Who.OWNER if Who.OWNER in door.may else Who.RISK_MANAGER, sent={**door.sent(world), extra: EXTRAS.get(extra, 1)})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert watch.changed() == set()


@pytest.mark.parametrize("door", [door for door in DOORS if door.method == "PATCH"], ids=lambda door: door.id)
def test_nothing_moves_to_another_system(world: World, door: Door) -> None:
    """SEC-09, also for those who may act in both."""
    watch = world.watch()

    answers = [knock(world, door, who, sent={"system": world.s2.system.pk}).status_code for who in (Who.OWNER, Who.RISK_MANAGER)]

    assert answers == [400, 400]
    assert watch.changed() == set()


@pytest.mark.parametrize(
    "door", [door for door in DOORS if not door.is_api and not door.is_reading and door.changes and Who.RISK_MANAGER in door.may], ids=lambda door: door.id
)
def test_forms_ignore_fields_that_are_not_offered(world: World, door: Door) -> None:
    """What is made says the same as without them: made by the one who asked, in the system of the address, in its first state."""
    administrator, manager = world.people[Who.ADMINISTRATOR], world.people[Who.RISK_MANAGER]
    given = {"created_by": administrator.pk, "by": administrator.pk, "actor": administrator.pk, "user_id": administrator.pk, "system_id": world.s2.system.pk}
    before = {model: set(model._base_manager.values_list("pk", flat=True)) for model in _with_author()}
    sent = {**EXTRAS, **given, "system": world.s2.system.pk, **door.sent(world)}

    answer = knock(world, door, Who.RISK_MANAGER, sent=sent)

    assert answer.status_code == door.status, text_of(answer)[:300]
    for model, known in before.items():
        for row in model._base_manager.exclude(pk__in=known):
            assert row.created_by_id == manager.pk
            assert row.pk != 424242
            assert getattr(row, "system_id", None) != world.s2.system.pk
            assert getattr(row, "state", "") not in {"completed"}
    assert not manager.memberships.exclude(role="risk_manager").filter(scope=world.s2.system.scope).exists()


def _with_author() -> list[Any]:
    return [model for model in apps.get_models() if any(field.name == "created_by" for field in model._meta.fields)]
