"""Harms that turn out to be one, resolved ones that come back, and reviews."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, transaction

from harms import actions, selectors
from harms.enums import CandidateSource, HarmState, RiskPointKind
from harms.models import Harm, HarmUse, RiskPoint
from measurements.actions.sets import add_set
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.deadlines.models import Deadline
from raiportal.errors import Invalid, PolicyDenied, WrongState
from systems import actions as system_actions
from systems.models import IntendedUse
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.measurements import make_metric
from tests.factories.systems import make_system
from tests.harms.deciding import Scene, at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return Scene()


def use_of(scene: Scene, title: str) -> IntendedUse:
    return system_actions.add_intended_use(system=scene.system, title=title, actor=scene.owner)


# --- Merging ---
def test_merged_harm_points_to_the_other_and_leaves_the_register(scene: Scene) -> None:
    first, second = scene.harm((4, 4)), scene.harm((2, 2))

    actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="The same thing twice.", actor=scene.owner)

    first.refresh_from_db()
    assert (first.state, first.merged_into) == (HarmState.MERGED, second)
    assert list(selectors.harms_of(scene.system)) == [second]
    assert list(selectors.register_of(scene.system).rows()) == [second]
    assert Entry.objects.filter(action="harms.harm_took_over", subject_id=second.pk).count() == 1


def test_heat_map_leaves_merged_harms_out(scene: Scene) -> None:
    first, second = scene.harm((4, 4)), scene.harm((2, 2))
    actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="The same thing twice.", actor=scene.owner)

    for register in (selectors.register_of(scene.system), selectors.register_for(scene.manager), selectors.register_for(scene.owner)):
        counted = selectors.frame(register, scene.owner).counts
        assert {levels: count for levels, count in counted.items() if count} == {(4, 4): 1}  # the other took over the higher score


def test_other_takes_over_uses_higher_risks_and_instances(scene: Scene) -> None:
    use = use_of(scene, "Answering guests")
    first, second = scene.harm((2, 2), uses=[use]), scene.harm((3, 3))
    actions.assess_harm(harm_id=first.pk, severity=4, frequency=5, rationale="In the lobby.", intended_use=use, actor=scene.owner)
    candidate = actions.add_candidate(system=scene.system, source=CandidateSource.PERSON, title="Said so again", actor=scene.owner)
    actions.link_candidate(candidate_id=candidate.pk, harm_id=first.pk, actor=scene.owner)

    into = actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="One harm.", actor=scene.owner)

    candidate.refresh_from_db()
    assert candidate.harm == second
    assert selectors.levels_by_place([into.pk])[into.pk] == {"": {"inherent": [3, 3]}, use.code: {"inherent": [4, 5]}}
    assert into.priority == 20
    assert not HarmUse.objects.filter(harm=first).exists()
    assert RiskPoint.objects.filter(harm=first).count() == 2


def test_proposed_harm_becomes_assessed_by_what_it_takes_over(scene: Scene) -> None:
    first, second = scene.harm((2, 2)), scene.harm(None)

    assert actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="One.", actor=scene.owner).state == HarmState.ASSESSED


def test_merge_ends_acceptances_of_both(scene: Scene) -> None:
    first, first_request = scene.accepted()
    second, second_request = scene.accepted()

    into = actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="One.", actor=scene.owner)

    first_request.refresh_from_db()
    second_request.refresh_from_db()
    assert (first_request.ended_why, second_request.ended_why) == ("stale", "stale")
    assert into.state == HarmState.ASSESSED


def test_merge_is_refused_across_systems_into_itself_without_reason_or_right(scene: Scene) -> None:
    first, second = scene.harm(), scene.harm()
    elsewhere = make_harm(make_system(), assessed=(2, 2))
    with pytest.raises(Invalid):
        actions.merge_harms(harm_id=first.pk, into_id=elsewhere.pk, reason="One.", actor=scene.manager)
    with pytest.raises(Invalid):
        actions.merge_harms(harm_id=first.pk, into_id=first.pk, reason="One.", actor=scene.owner)
    with pytest.raises(Invalid):
        actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="", actor=scene.owner)
    with pytest.raises(PolicyDenied):
        actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="One.", actor=make_user(Role.VIEWER, scope=scene.system.scope))
    assert Harm.objects.on_register().count() == 3


def test_nothing_is_said_about_a_merged_harm_any_more(scene: Scene) -> None:
    first, second = scene.harm(), scene.harm()
    actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="One.", actor=scene.owner)

    with pytest.raises(PolicyDenied):
        actions.edit_harm(harm_id=first.pk, title="Else", actor=scene.owner)
    with pytest.raises(PolicyDenied):
        actions.assess_harm(harm_id=first.pk, severity=5, frequency=5, rationale="Else.", actor=scene.owner)
    with pytest.raises(PolicyDenied):
        actions.edit_harms(harm_ids=[first.pk, second.pk], owner=scene.owner, actor=scene.owner)
    with pytest.raises(PolicyDenied):
        actions.merge_harms(harm_id=second.pk, into_id=first.pk, reason="Back.", actor=scene.owner)


def test_what_the_portal_measures_of_a_merged_harm_counts_for_the_other(scene: Scene) -> None:
    first, second = scene.harm(), scene.harm()
    actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="One.", actor=scene.owner)

    point = actions.record_risk_point(harm_id=first.pk, kind=RiskPointKind.MEASURED, severity=5, frequency=4, rationale="Run 1.", actor=User.system())

    assert point.harm == second


def test_open_harm_is_not_lost_in_a_resolved_one(scene: Scene) -> None:
    first, second = scene.harm(), scene.harm()
    actions.resolve_harm(harm_id=second.pk, reason="The feature is gone.", actor=scene.owner)

    with pytest.raises(WrongState):
        actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="One.", actor=scene.owner)


def test_database_refuses_a_merge_without_the_other(scene: Scene) -> None:
    harm = scene.harm()
    with pytest.raises(IntegrityError), transaction.atomic():
        Harm.objects.filter(pk=harm.pk).update(state=HarmState.MERGED)


# --- Resolving, reopening, reviewing ---
def test_resolved_harm_is_reopened_with_a_reason(scene: Scene) -> None:
    harm = scene.harm(treatment="mitigate")
    resolved = actions.resolve_harm(harm_id=harm.pk, reason="The feature is gone.", actor=scene.owner)
    assert (resolved.state, resolved.resolved_at is not None) == (HarmState.RESOLVED, True)

    reopened = actions.reopen_harm(harm_id=harm.pk, reason="It is back.", actor=scene.owner)

    assert (reopened.state, reopened.resolved_at, reopened.reopened_count) == (HarmState.IN_TREATMENT, None, 1)
    with pytest.raises(WrongState):
        actions.reopen_harm(harm_id=harm.pk, reason="Again.", actor=scene.owner)


def test_treatment_has_a_deadline_until_it_is_done(scene: Scene) -> None:
    harm = scene.harm(treatment="")
    due_on = clocks.now().date() + datetime.timedelta(days=20)

    treated = actions.set_treatment(harm_id=harm.pk, treatment="mitigate", words="A filter.", owner=scene.owner, due_on=due_on, actor=scene.owner)

    assert treated.state == HarmState.IN_TREATMENT
    assert Deadline.objects.open().get(kind="harms.treatment", subject_id=harm.pk).due_at.date() == due_on
    actions.resolve_harm(harm_id=harm.pk, reason="Filtered.", actor=scene.owner)
    assert not Deadline.objects.open().filter(subject_id=harm.pk).exists()


def test_treatment_needs_words_and_a_date_to_come(scene: Scene) -> None:
    harm = scene.harm(treatment="")
    with pytest.raises(Invalid):
        actions.set_treatment(harm_id=harm.pk, treatment="mitigate", words=" ", actor=scene.owner)
    with pytest.raises(Invalid):
        actions.set_treatment(harm_id=harm.pk, treatment="hope", words="It goes away.", actor=scene.owner)
    yesterday = clocks.now().date() - datetime.timedelta(days=1)
    with pytest.raises(Invalid):
        actions.set_treatment(harm_id=harm.pk, treatment="mitigate", words="A filter.", due_on=yesterday, actor=scene.owner)
    with pytest.raises(WrongState):
        actions.set_treatment(harm_id=scene.harm(None).pk, treatment="accept", words="Small.", actor=scene.owner)


def test_review_sets_the_next_date_by_score(scene: Scene) -> None:
    harm = scene.harm((4, 4))

    reviewed = actions.record_review(harm_id=harm.pk, note="Read ten answers.", actor=scene.owner)

    assert reviewed.review_on == clocks.now().date() + datetime.timedelta(days=90)
    assert Deadline.objects.open().filter(kind="harms.review", subject_id=harm.pk).exists()
    actions.schedule_review(harm_id=harm.pk, review_on=None, actor=scene.owner)
    assert not Deadline.objects.open().filter(kind="harms.review", subject_id=harm.pk).exists()


# --- Two at once ---
@pytest.mark.django_db(transaction=True)
def test_two_merges_that_cross_leave_one_harm() -> None:
    for _ in range(10):
        scene = Scene()
        first, second = scene.harm(), scene.harm()
        told = at_once(
            lambda s=scene, a=first, b=second: actions.merge_harms(harm_id=a.pk, into_id=b.pk, reason="One.", actor=User.objects.get(pk=s.owner.pk)),  # type: ignore[misc]
            lambda s=scene, a=first, b=second: actions.merge_harms(harm_id=b.pk, into_id=a.pk, reason="One.", actor=User.objects.get(pk=s.owner.pk)),  # type: ignore[misc]
        )
        assert sorted(told) == ["denied", "done"]
        assert Harm.objects.on_register().filter(system=scene.system).count() == 1


@pytest.mark.django_db(transaction=True)
def test_statement_during_a_merge_is_never_lost() -> None:
    for _ in range(10):
        scene = Scene()
        first, second = scene.harm((2, 2)), scene.harm((2, 2))
        told = at_once(
            lambda s=scene, a=first, b=second: actions.merge_harms(harm_id=a.pk, into_id=b.pk, reason="One.", actor=User.objects.get(pk=s.owner.pk)),  # type: ignore[misc]
            lambda s=scene, a=first: actions.assess_harm(harm_id=a.pk, severity=5, frequency=5, rationale="Bad.", actor=User.objects.get(pk=s.owner.pk)),  # type: ignore[misc]
        )
        second.refresh_from_db()
        assert told[0] == "done"
        assert second.priority == (25 if told[1] == "done" else 4)


def test_metrics_and_sets_measure_the_other(scene: Scene) -> None:
    first, second = scene.harm(), scene.harm()
    metric = make_metric(scene.system, harm=first)
    measured = add_set(system=scene.system, name="Doses", harms=[first], actor=scene.owner)

    actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="One.", actor=scene.owner)

    metric.refresh_from_db()
    assert metric.harm == second
    assert list(measured.harms.all()) == [second]
