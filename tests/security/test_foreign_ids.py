"""Ids of another system in a valid request, fields that nobody may set, moves between systems. SEC-08, SEC-09, SEC-10."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.apps import apps

from tests.project import source
from tests.project.access import DOORS
from tests.project.door import Door, Who
from tests.project.each import for_each
from tests.project.knocking import knock, text_of
from tests.project.world import World

BY_ID = {door.id: door for door in DOORS}
Value = Callable[[World], Any]
S2: dict[str, Value] = {
    "system": lambda world: world.s2.system.pk,
    "deployment": lambda world: world.s2.deployment.pk,
    "metaprompt": lambda world: world.s2.metaprompt.pk,
    "configuration": lambda world: world.s2.configuration.pk,
    **{f"configuration_{row}": lambda world: world.s2.configuration.pk for row in (2, 3, 4)},
    "filters": lambda world: world.s2.filters.pk,
    "intended_uses": lambda world: [world.s2.use.pk],
    "set_version": lambda world: world.s2.version.pk,
    "measurement_set_version": lambda world: world.s2.version.pk,
    "metrics": lambda world: [world.s2.metric.pk],
    "harm": lambda world: world.s2.harm.pk,
    "harms": lambda world: [world.s2.harm.pk],
    "intended_use": lambda world: world.s2.use.pk,
    "use": lambda world: world.s2.use.pk,
    "stakeholder": lambda world: world.s2.stakeholder.pk,
    "assessment": lambda world: world.s2.assessment.pk,
    "campaign": lambda world: world.s2.probed.campaign.pk,
    "session": lambda world: world.s2.probed.transcript.pk,
    "finding": lambda world: world.s2.probed.confirmed_finding.pk,
    "original": lambda world: world.s2.probed.second_finding.pk,
    "scope": lambda world: [world.s2.harm.pk],
    "into": lambda world: world.s2.harm.pk,
    **{name: lambda world: [world.s2.use.pk] for name in ("uses", "add_uses", "leave_uses")},
}
# Every field that names a row of a system, by the door it is sent to.
NAMING = {
    "POST configuration-add": ("deployment", "metaprompt", "filters"),
    "POST stakeholder-add": ("intended_uses",),
    "POST stakeholder-edit": ("intended_uses",),
    "POST activation-add": ("configuration", "configuration_2", "configuration_3", "configuration_4"),
    "POST emergency-add": ("configuration", "configuration_2", "configuration_3", "configuration_4"),
    "POST api-intended-use-list": ("system",),
    "POST api-stakeholder-list": ("system", "intended_uses"),
    "PATCH api-stakeholder-detail": ("intended_uses",),
    "POST api-filter-configuration-list": ("system",),
    "POST api-document-list": ("deployment",),
    "POST harm-add": ("uses",),
    "POST harm-edit": ("uses",),
    "POST harm-assess": ("intended_use",),
    "POST rating-round-add": ("harms",),
    "POST api-rating-round-list": ("system", "harms"),
    "POST api-appetite-list": ("system",),
    "POST api-scale-change-list": ("system",),
    "POST harm-bulk": ("add_uses", "leave_uses"),
    "POST set-add": ("harms",),
    "POST set-edit": ("harms",),
    "POST metric-add": ("harm",),
    "POST metric-revise": ("harm",),
    "POST run-add": ("configuration", "set_version", "metrics"),
    "POST api-deployment-list": ("system",),
    "POST api-metaprompt-version-list": ("system",),
    "POST api-configuration-list": ("deployment", "metaprompt", "filters"),
    "POST impact-add": ("use", "stakeholder"),
    "POST harm-merge": ("into",),
    "POST candidate-link": ("harm",),
    "POST api-harm-merge": ("into",),
    "POST api-harm-candidate-link": ("harm",),
    "POST api-harm-candidate-list": ("system",),
    "POST api-baseline-list": ("system",),
    "POST api-known-harm-list": ("system",),
    "POST api-known-harm-propose": ("system",),
    "POST api-campaign-list": ("system", "configuration", "scope"),
    "PATCH api-campaign-detail": ("configuration", "scope"),
    "POST api-campaign-objectives": ("harm",),
    "POST api-probe-session-list": ("campaign", "harm"),
    "POST api-probe-session-transcripts": ("campaign", "harm", "configuration"),
    "POST api-finding-list": ("session", "harm"),
    "POST api-finding-confirm": ("harm",),
    "POST api-finding-duplicate": ("original",),
    "POST api-impact-list": ("assessment", "intended_use", "stakeholder"),
    "POST api-harm-list": ("system",),
    "POST api-measurement-set-list": ("system", "harms"),
    "PATCH api-measurement-set-detail": ("harms",),
    "POST api-measurement-set-findings": ("finding",),
    "POST api-metric-list": ("system", "harm"),
    "POST api-metric-revise": ("harm",),
    "POST api-run-list": ("configuration", "measurement_set_version", "metrics"),
}
TRIALS = [(BY_ID[door], field) for door, fields in NAMING.items() for field in fields]
OF_NO_SYSTEM = {
    "model_card",
    "review_kind",
    "review_kinds",
    "owner",
    "user",
    "category",
    "actor",
    "scope",
    "scopes",
    "recipients",
    "people",
}  # people, catalogues
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


OWNERS = [(door, field) for door, field in TRIALS if Who.OWNER in door.may]  # what is for risk managers alone is for people who see every system


@pytest.mark.parametrize(("door", "field"), OWNERS, ids=[f"{door.id}: {field}" for door, field in OWNERS])
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


WHOLE = {  # what is made there belongs to the system of what is named
    ("api-configuration-list", "deployment"),
    ("api-document-list", "deployment"),
    ("api-finding-list", "session"),
}
MIXED = [(door, field) for door, field in TRIALS if field != "system" and (door.name, field) not in WHOLE and Who.RISK_MANAGER in door.may]


@pytest.mark.parametrize(("door", "field"), MIXED, ids=[f"{door.id}: {field}" for door, field in MIXED])
def test_who_sees_both_systems_can_t_mix_them(world: World, door: Door, field: str) -> None:
    """A risk manager may name rows of both; a row of one never refers to one of the other. A whole object may of course be made in S2."""
    watch = world.watch()

    answer = knock(world, door, Who.RISK_MANAGER, sent={**door.sent(world), field: S2[field](world)})

    assert answer.status_code == 422, text_of(answer)[:300]
    assert watch.changed() == set()


def test_every_form_field_that_names_a_row_is_tried() -> None:
    naming = set()
    for path in source.python_files(*source.APPS):
        if path.name.endswith("forms.py") or "forms" in path.parts:
            module = importlib.import_module(".".join(path.with_suffix("").parts))
            classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, forms.BaseForm)]
            naming |= {name for form in classes for name, field in getattr(form, "base_fields", {}).items() if isinstance(field, forms.ModelChoiceField)}

    assert naming
    assert naming - OF_NO_SYSTEM <= {field for fields in NAMING.values() for field in fields}


@for_each("door", [door for door in DOORS if door.is_api and not door.is_reading and not door.is_multipart and door.name != READS_NO_BODY])
@pytest.mark.parametrize("extra", ["id", "state", "created_by", "digest", "system_id", "is_staff"])
def test_api_refuses_fields_that_are_not_offered(world: World, door: Door, extra: str) -> None:
    if extra in door.sent(world):
        return  # offered there
    watch = world.watch()

    answer = knock(world, door, _somebody(door), sent={**door.sent(world), extra: EXTRAS.get(extra, 1)})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert watch.changed() == set()


def _somebody(door: Door) -> Who:
    """The least who may."""
    return next(who for who in (Who.OWNER, Who.RISK_MANAGER, Who.ADMINISTRATOR) if who in door.may)


@for_each("door", [door for door in DOORS if door.method == "PATCH"])
def test_nothing_moves_to_another_system(world: World, door: Door) -> None:
    """SEC-09, also for those who may act in both."""
    watch = world.watch()

    allowed = {Who.OWNER, Who.RISK_MANAGER, Who.ADMINISTRATOR} & door.may
    answers = {knock(world, door, who, sent={"system": world.s2.system.pk}).status_code for who in allowed}

    assert answers == {400}
    assert watch.changed() == set()


@for_each("door", [door for door in DOORS if not door.is_api and not door.is_reading and door.changes and Who.RISK_MANAGER in door.may])
def test_forms_ignore_fields_that_are_not_offered(world: World, door: Door) -> None:
    """What is made says the same as without them: made by the one who asked, in the system of the address, in its first state."""
    administrator, manager = world.people[Who.ADMINISTRATOR], world.people[Who.RISK_MANAGER]
    given = {"created_by": administrator.pk, "by": administrator.pk, "actor": administrator.pk, "user_id": administrator.pk, "system_id": world.s2.system.pk}
    before = {model: set(model._base_manager.values_list("pk", flat=True)) for model in _with_author()}
    sent = {**EXTRAS, **given, "system": world.s2.system.pk, **door.sent(world)}

    answer = knock(world, door, Who.RISK_MANAGER, sent=sent)

    assert answer.status_code in {door.status, 422}, text_of(answer)[:300]  # a page may refuse what it doesn't know
    for model, known in before.items():
        for row in model._base_manager.exclude(pk__in=known):
            assert row.created_by_id == manager.pk
            assert row.pk != 424242
            assert getattr(row, "system_id", None) != world.s2.system.pk
            assert getattr(row, "state", "") not in {"completed"}
    assert not manager.memberships.exclude(role="risk_manager").filter(scope=world.s2.system.scope).exists()


def _with_author() -> list[Any]:
    return [model for model in apps.get_models() if any(field.name == "created_by" for field in model._meta.fields)]
