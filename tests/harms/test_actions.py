"""What may be done to the harm register, and what it leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from harms import actions, selectors
from harms.enums import HarmState, Origin, RiskPointKind
from harms.models import Harm, HarmCategory, RiskPoint, RiskScale
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.catalogues import actions as catalogue_actions
from raiportal.catalogues.files import CONTENT
from raiportal.catalogues.models import CatalogueEntry
from raiportal.errors import Invalid, Missing, PolicyDenied
from systems import actions as system_actions
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> AISystem:
    return make_system()


def entry_of(catalogue: str, slug: str) -> CatalogueEntry:
    return CatalogueEntry.objects.get(catalogue=catalogue, slug=slug)


def changed(entry: CatalogueEntry, **body: Any) -> None:
    content = {name: getattr(entry, name) for name in CONTENT}
    catalogue_actions.edit_entry(
        entry_id=entry.pk, content={**content, "body": {**entry.body, **body}}, reason="Clearer.", seen=entry.number, actor=make_user(Role.ADMINISTRATOR)
    )


# --- Reference data ---
def test_shipped_reference_data_is_loaded_once() -> None:
    assert set(catalogue_actions.load_all(User.system()).values()) == {0}
    assert HarmCategory.objects.count() == 12
    assert [len(levels) for levels in selectors.levels_of(selectors.current_scale()).values()] == [5, 5]


def test_changed_scale_is_a_new_version_and_old_points_keep_theirs(system: AISystem) -> None:
    harm = make_harm(system, assessed=(4, 4))
    before = selectors.current_scale()
    entry = entry_of("risk-scale", "severity-and-frequency")

    changed(entry, severity=[{**entry.body["severity"][0], "anchor": "Nobody notices."}, *entry.body["severity"][1:]])

    assert selectors.current_scale().version == before.version + 1
    assert RiskPoint.objects.get(harm=harm).scale == before
    assert make_harm(system, assessed=(1, 1)).risk_points.get().scale == selectors.current_scale()


@pytest.mark.parametrize("levels", [[], ["1", "2", "3", "4"], ["5", "4", "3", "2", "1"], ["1", "2", "3", "4", "six"]])
def test_scale_needs_five_levels_in_order(levels: list[str]) -> None:
    entry = entry_of("risk-scale", "severity-and-frequency")
    before = selectors.current_scale()

    with pytest.raises(Invalid):
        changed(entry, severity=[{"level": level, "label": "Some", "anchor": "Some."} for level in levels])

    assert selectors.current_scale() == before


def test_changed_category_changes_its_row_alone() -> None:
    others = list(HarmCategory.objects.exclude(slug="confabulation").order_by("pk").values())

    changed(entry_of("harm-categories", "confabulation"), description="Wrong content, stated as if it were so.")

    assert HarmCategory.objects.get(slug="confabulation").description == "Wrong content, stated as if it were so."
    assert list(HarmCategory.objects.exclude(slug="confabulation").order_by("pk").values()) == others


def test_reference_data_is_for_administrators() -> None:
    with pytest.raises(PolicyDenied):
        actions.apply_scale([entry_of("risk-scale", "severity-and-frequency")], make_user(Role.RISK_MANAGER))


@pytest.mark.parametrize("model", [RiskScale, RiskPoint])
def test_scales_and_risk_points_are_final(system: AISystem, model: Any) -> None:
    make_harm(system, assessed=(2, 2))

    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        model.objects.all().delete() if model is RiskPoint else model.objects.update(name="Other")


# --- Proposing and editing ---
def test_proposed_harm_has_no_score(system: AISystem) -> None:
    harm = make_harm(system, title="  Invented dose ", actor=system.owner)

    assert (harm.title, harm.state, harm.priority, harm.inherent_score) == ("Invented dose", HarmState.PROPOSED, 0, None)
    assert Entry.objects.filter(action="harms.harm_proposed", subject_id=harm.pk, scope_id=system.pk).count() == 1


@pytest.mark.parametrize(("field", "value"), [("title", " "), ("title", "x" * 161), ("origin", "elsewhere")])
def test_harm_refuses_what_does_not_fit_and_names_the_field(system: AISystem, field: str, value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        make_harm(system, **{field: value})

    assert refusal.value.field == field
    assert not Harm.objects.exists()


def test_account_that_is_switched_off_owns_no_harm(system: AISystem) -> None:
    with pytest.raises(Invalid) as refusal:
        make_harm(system, owner=make_user(is_active=False))

    assert refusal.value.field == "owner"


def test_edit_changes_the_given_fields_and_says_which(system: AISystem) -> None:
    harm = make_harm(system, title="Old")

    actions.edit_harm(harm_id=harm.pk, title="New", origin=Origin.SCENARIO, actor=system.owner)

    harm.refresh_from_db()
    assert (harm.title, harm.origin) == ("New", Origin.SCENARIO)
    changes = Entry.objects.get(action="harms.harm_changed", subject_id=harm.pk).payload.body["changes"]
    assert changes == {"title": ["Old", "New"], "origin": ["model", "scenario"]}


# --- Assessing ---
def test_assessment_scores_and_ranks_the_harm(system: AISystem) -> None:
    harm = make_harm(system)

    point = actions.assess_harm(harm_id=harm.pk, severity=4, frequency=4, rationale="Seen in the pilot.", actor=system.owner)

    harm.refresh_from_db()
    assert (point.score, point.kind) == (16, RiskPointKind.INHERENT)
    assert (harm.state, harm.inherent_score, harm.priority, harm.severity, harm.frequency) == (HarmState.ASSESSED, 16, 16, 4, 4)
    entry = Entry.objects.get(subject_kind="harms.harm", subject_id=harm.pk, action="harms.harm_assessed")
    assert (entry.payload.body["reason"], entry.payload.body["changes"]["inherent_score"]) == ("Seen in the pilot.", [None, 16])


def test_assessing_again_adds_a_point_and_the_newest_holds(system: AISystem) -> None:
    harm = make_harm(system, assessed=(4, 4))

    actions.assess_harm(harm_id=harm.pk, severity=2, frequency=3, rationale="Looked again.", actor=system.owner)

    harm.refresh_from_db()
    assert (harm.inherent_score, harm.priority) == (6, 6)
    assert [point.score for point in selectors.risk_points_of(harm)] == [6, 16]
    assert Entry.objects.filter(subject_kind="harms.harm", subject_id=harm.pk, action="harms.inherent_risk_stated").count() == 1


@pytest.mark.parametrize(("field", "value"), [("severity", 0), ("frequency", 6), ("rationale", " ")])
def test_assessment_refuses_what_does_not_fit_and_names_the_field(system: AISystem, field: str, value: Any) -> None:
    harm = make_harm(system)
    given = {"severity": 3, "frequency": 3, "rationale": "Because.", field: value}

    with pytest.raises(Invalid) as refusal:
        actions.assess_harm(harm_id=harm.pk, actor=system.owner, **given)

    assert refusal.value.field == field
    assert not RiskPoint.objects.exists()


def test_other_risk_points_rank_the_harm_by_the_rule(system: AISystem) -> None:
    harm = make_harm(system, assessed=(5, 4))

    def state(kind: RiskPointKind, severity: int, frequency: int) -> tuple[int, int | None, int | None]:
        actions.record_risk_point(harm_id=harm.pk, kind=kind, severity=severity, frequency=frequency, rationale="R-1", actor=User.system())
        harm.refresh_from_db()
        return harm.priority, harm.severity, harm.frequency

    assert state(RiskPointKind.MEASURED, 4, 4) == (16, 4, 4)
    assert state(RiskPointKind.RESIDUAL, 4, 2) == (8, 4, 2)
    assert state(RiskPointKind.OBSERVED, 3, 4) == (12, 3, 4)
    assert state(RiskPointKind.OBSERVED, 3, 1) == (8, 4, 2)
    register = selectors.register_of(harm.system)
    (row,) = selectors.register_page(register, register.rows(), selectors.SORTS["priority"], None, 50).rows
    assert row.path == (20, 16, 8, 12, 8)


def test_inherent_risk_comes_only_from_assessing(system: AISystem) -> None:
    harm = make_harm(system)

    with pytest.raises(Invalid):
        actions.record_risk_point(harm_id=harm.pk, kind=RiskPointKind.INHERENT, severity=1, frequency=1, rationale="", actor=User.system())


def test_database_refuses_a_rank_that_is_not_its_levels(system: AISystem) -> None:
    harm = make_harm(system, assessed=(4, 4))

    with pytest.raises(IntegrityError), transaction.atomic():
        Harm.objects.filter(pk=harm.pk).update(priority=25)


def test_retired_system_takes_no_harms(system: AISystem) -> None:
    manager = make_user(Role.RISK_MANAGER)
    retired = system_actions.retire_system(system_id=system.pk, reason="Replaced.", actor=manager)

    with pytest.raises(PolicyDenied, match="retired"):
        make_harm(retired, actor=manager)


def test_unknown_harm_is_missing() -> None:
    with pytest.raises(Missing):
        actions.edit_harm(harm_id=999_999, title="x", actor=make_user(Role.RISK_MANAGER))
