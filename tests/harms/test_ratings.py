"""Rating rounds: blind until closed, closed once, agreed on once."""

from __future__ import annotations

import datetime
import json

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from harms import actions, selectors
from harms.enums import RiskPointKind
from harms.models import Consensus, Harm, Rating, RatingRound, RiskPoint
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Membership, User
from raiportal.audit.models import Entry, Payload
from raiportal.deadlines.models import Deadline
from raiportal.errors import Conflict, Invalid, Missing, PolicyDenied, WrongState
from raiportal.notifications.models import Notification
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.ratings import RoundScene, answer
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> RoundScene:
    return RoundScene()


# --- Opening ---
def test_open_round_tells_its_raters_and_has_a_date(scene: RoundScene) -> None:
    told = set(Notification.objects.filter(kind="harms.rating_asked").values_list("recipient", flat=True))

    assert told == {person.pk for person in scene.people}
    assert Deadline.objects.get(kind="harms.rating_round", subject_id=scene.round.pk).due_at == scene.round.due_at
    assert scene.round.scale == selectors.current_scale()


@pytest.mark.parametrize("role", [Role.OWNER, Role.CONTRIBUTOR, Role.VIEWER, Role.RED_TEAMER])
def test_only_a_risk_manager_opens_a_round(scene: RoundScene, role: Role) -> None:
    scene.manager = make_user(role, scope=scene.system.scope)

    with pytest.raises(PolicyDenied, match="Only a risk manager"):
        scene.open()


def test_round_takes_harms_of_its_system_and_people_who_read_it(scene: RoundScene) -> None:
    with pytest.raises(Invalid, match="of this system"):
        scene.open(harms=[make_harm(make_system())])
    with pytest.raises(Invalid, match="can't read this system's register"):
        scene.open(people=[make_user()])
    with pytest.raises(Invalid, match="can't read this system's register"):
        scene.open(people=[make_user(Role.AUDITOR)])
    with pytest.raises(Invalid, match="lies ahead"):
        scene.open(due_at=clocks.now())
    with pytest.raises(Invalid, match="Choose the harms"):
        scene.open(harms=[])
    assert RatingRound.objects.count() == 1


# --- Blind ---
def test_nobody_reads_anothers_rating_before_the_round_is_closed(scene: RoundScene) -> None:
    first, second, _ = scene.people
    scene.rate(first, (5, 4), (2, 2))
    everybody = [second, scene.manager, make_user(Role.ADMINISTRATOR), make_user(Role.AUDITOR)]

    assert [Rating.objects.visible_to(one).count() for one in everybody] == [0, 0, 0, 0]
    assert Rating.objects.visible_to(first).count() == 2
    assert selectors.results(scene.round, scene.manager) == []
    assert {one.answered for one in selectors.standings(scene.round)} == {0, 2}

    scene.close()

    assert [Rating.objects.visible_to(one).count() for one in everybody] == [2, 2, 2, 2]


def test_ledger_says_who_rated_and_never_what(scene: RoundScene) -> None:
    scene.rate(scene.people[0], (5, 4), rationale="A very particular reason")

    entry = Entry.objects.get(action="harms.ratings_given")
    said = json.dumps(list(Payload.objects.filter(entry=entry).values_list("body", flat=True)))
    assert entry.actor == scene.people[0]
    assert "particular" not in said
    assert "severity" not in said


def test_person_who_lost_their_role_neither_rates_nor_reads_their_own(scene: RoundScene) -> None:
    person = scene.people[0]
    scene.rate(person, (5, 4))
    Membership.objects.filter(user=person).delete()
    left = User.objects.get(pk=person.pk)

    with pytest.raises(PolicyDenied, match="no role"):
        scene.rate(left, (1, 1))
    closed = scene.close()
    assert closed.state == "closed"
    assert list(selectors.ratings_of(left).exclude(rater__person=left)) == []


# --- Rating ---
def test_own_rating_changes_until_the_round_is_closed(scene: RoundScene) -> None:
    person = scene.people[0]
    scene.rate(person, (5, 4))
    scene.rate(person, (2, 1))

    rating = Rating.objects.get(rater__person=person)
    assert (rating.severity, rating.frequency) == (2, 1)
    scene.close()
    with pytest.raises(Conflict, match="closed"):
        scene.rate(person, (3, 3))
    rating.refresh_from_db()
    assert rating.severity == 2


def test_same_rating_again_leaves_no_entry(scene: RoundScene) -> None:
    scene.rate(scene.people[0], (5, 4))
    before = Entry.objects.count()

    scene.rate(scene.people[0], (5, 4))

    assert Entry.objects.count() == before


def test_rating_needs_levels_with_reason_and_confidence_or_says_that_it_cannot_judge(scene: RoundScene) -> None:
    person, harm = scene.people[0], scene.rated[0]
    refused = [{"severity": None}, {"frequency": 6}, {"confidence": ""}, {"rationale": " "}]
    for change in refused:
        with pytest.raises(Invalid):
            actions.rate(round_id=scene.round.pk, answers=[{**answer(harm), **change}], actor=person)  # type: ignore[typeddict-item]

    actions.rate(round_id=scene.round.pk, answers=[answer(harm, cannot_judge=True, rationale="")], actor=person)

    rating = Rating.objects.get()
    assert (rating.cannot_judge, rating.severity, rating.confidence) == (True, None, "")


def test_only_those_who_were_asked_rate_and_only_what_is_asked(scene: RoundScene) -> None:
    other = RoundScene(manager=scene.manager, system=scene.system, people=scene.people)
    with pytest.raises(PolicyDenied, match="Only those who were asked"):
        scene.rate(scene.manager, (3, 3))
    with pytest.raises(Missing):
        actions.rate(round_id=scene.round.pk, answers=[answer(other.rated[0])], actor=scene.people[0])


def test_last_answer_tells_whoever_opened_the_round(scene: RoundScene) -> None:
    for place, person in enumerate(scene.people):
        assert not Notification.objects.filter(kind="harms.rating_complete").exists(), place
        scene.rate(person, (3, 3), (2, 2))

    assert Notification.objects.get(kind="harms.rating_complete").recipient == scene.manager


# --- Closing ---
def test_early_close_needs_a_reason_and_a_due_round_closes_by_itself(scene: RoundScene) -> None:
    with pytest.raises(Invalid, match="3 of those who were asked have not answered"):
        scene.close(reason="")
    RatingRound.objects.filter(pk=scene.round.pk).update(due_at=clocks.now() - datetime.timedelta(seconds=1))

    assert actions.close_due_rounds(actor=User.system()) == 1

    scene.round.refresh_from_db()
    assert (scene.round.state, scene.round.closed_by) == ("closed", User.system())
    assert actions.close_due_rounds(actor=User.system()) == 0
    with pytest.raises((Conflict, WrongState)):
        scene.close()


def test_database_keeps_ratings_of_closed_rounds_and_the_round_itself(scene: RoundScene) -> None:
    scene.rate(scene.people[0], (3, 3), (2, 2))
    scene.close()
    rating = Rating.objects.filter(round_harm=scene.rated[0])
    changes = (
        lambda: rating.update(severity=1),
        lambda: rating.delete(),
        lambda: RatingRound.objects.filter(pk=scene.round.pk).update(state="open", closed_at=None, closed_by=None, close_reason=""),
    )
    for change in changes:
        with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
            change()


# --- Agreeing ---
def _three(scene: RoundScene, *pairs: tuple[int, int]) -> None:
    for person, pair in zip(scene.people, pairs, strict=True):
        scene.rate(person, pair)
    scene.close("Time is up.")


def test_agreed_medians_become_the_inherent_risk_in_the_rounds_place(scene: RoundScene) -> None:
    _three(scene, (2, 3), (3, 3), (5, 4))
    harm = scene.rated[0].harm

    agreed = actions.record_consensus(round_harm_id=scene.rated[0].pk, severity=3, frequency=3, note="We talked it over.", actor=scene.manager)

    assert (agreed.is_override, agreed.rating_count, agreed.point.kind) == (False, 3, RiskPointKind.INHERENT)
    assert "RR-1 (3 ratings; medians severity 3, frequency 3)" in agreed.point.rationale
    assert Harm.objects.get(pk=harm.pk).inherent_score == 9
    told = set(Notification.objects.filter(kind="harms.rating_agreed").values_list("recipient", flat=True))
    assert told == {person.pk for person in scene.people}


def test_other_levels_are_an_override_with_reason_and_name(scene: RoundScene) -> None:
    _three(scene, (2, 3), (3, 3), (5, 4))
    given = {"round_harm_id": scene.rated[0].pk, "severity": 5, "frequency": 3, "note": "We talked it over.", "actor": scene.manager}

    with pytest.raises(Invalid, match="The ratings say severity 3 and frequency 3"):
        actions.record_consensus(**given)
    agreed = actions.record_consensus(**given, override_reason="The outlier saw the incident.")

    assert agreed.is_override
    assert "Overridden by Mara Manager: The outlier saw the incident." in agreed.point.rationale


def test_nothing_is_agreed_on_twice_before_closing_or_by_others(scene: RoundScene) -> None:
    given = {"round_harm_id": scene.rated[0].pk, "severity": 3, "frequency": 3, "note": "Talked."}
    with pytest.raises(Conflict, match="Close the round first"):
        actions.record_consensus(**given, actor=scene.manager)
    _three(scene, (3, 3), (3, 3), (3, 3))
    with pytest.raises(PolicyDenied):
        actions.record_consensus(**given, actor=scene.people[0])
    actions.record_consensus(**given, actor=scene.manager)
    with pytest.raises(Conflict, match="recorded already"):
        actions.record_consensus(**given, actor=scene.manager)
    assert Consensus.objects.count() == 1
    assert RiskPoint.objects.count() == 1


def test_results_name_outliers_and_keep_groups_apart(scene: RoundScene) -> None:
    token = scene.invite()
    actions.send_ratings(token=token, answers=[answer(harm, 5, 5) for harm in scene.rated])
    _three(scene, (2, 2), (2, 2), (2, 3))

    result = selectors.results(scene.round, scene.manager)[0]

    assert result.all is not None
    assert result.inside is not None
    assert result.outside is not None
    assert (result.all.levels, result.inside.levels, result.outside.levels) == ((2, 3), (2, 2), (5, 5))
    assert [one.rater.name for one in result.outliers] == ["Olga Outside"]


# --- Pages ---
def test_page_of_an_open_round_shows_who_answered_and_no_rating(scene: RoundScene, client: object) -> None:
    scene.rate(scene.people[0], (5, 4), (1, 1), rationale="A very particular reason")
    page = _page(scene.manager, "rating-round", scene)

    assert scene.people[0].name in page
    assert "particular" not in page

    scene.close()

    shown = _page(scene.people[1], "rating-round", scene)
    assert "particular" in shown
    assert "Median" in shown


def _page(person: User, name: str, scene: RoundScene) -> str:
    from django.test import Client

    browser = Client()
    browser.force_login(person)
    answered = browser.get(reverse(name, args=[scene.round.pk]))
    assert answered.status_code == 200
    return answered.content.decode()


def test_form_keeps_what_is_complete_and_marks_the_rest(scene: RoundScene) -> None:
    from django.test import Client

    person, (first, second) = scene.people[0], scene.rated
    browser = Client()
    browser.force_login(person)
    complete = {f"h{first.pk}-{name}": value for name, value in {"severity": 4, "frequency": 2, "confidence": "high", "rationale": "Known."}.items()}

    answered = browser.post(reverse("rating", args=[scene.round.pk]), {**complete, f"h{second.pk}-severity": 3})

    assert answered.status_code == 422
    assert "Choose how often it happens." in answered.content.decode()
    assert Rating.objects.get().round_harm == first
    assert browser.post(reverse("rating", args=[scene.round.pk]), complete).status_code == 302
