"""Impact assessments (ID-2): what is asked and needed, versions, what stays frozen, and how a row becomes a harm."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from harms import actions, assessing, selectors
from harms.assessing import Question
from harms.errors import AnswerChanged
from harms.models import Assessment, HarmCategory, Impact
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Conflict, Invalid, PolicyDenied, Unmet, WrongState
from systems import actions as system_actions
from systems.models import AISystem, IntendedUse, Stakeholder
from tests.factories.accounts import make_user
from tests.factories.assessments import answer_needed, make_assessment
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user()


@pytest.fixture
def system(owner: User) -> AISystem:
    made = make_system(owner=owner)
    for title in ("Answers questions", "Drafts letters"):
        system_actions.add_intended_use(system=made, title=title, actor=owner)
    system_actions.add_stakeholder(system=made, name="Patients", reach="indirect", actor=owner)
    return made


def uses_of(system: AISystem) -> list[IntendedUse]:
    return list(IntendedUse.objects.filter(system=system).order_by("number"))


def say_yes(assessment: Assessment, use: IntendedUse, actor: User) -> None:
    actions.answer_question(
        assessment_id=assessment.pk, question="injury", use_id=use.pk, value={"answer": "yes", "why": "A wrong dose can kill."}, actor=actor
    )


def test_answers_are_asked_where_the_form_says(system: AISystem, owner: User) -> None:
    form = selectors.form_of(make_assessment(system, owner))
    asked = [place for place in form.places if place.question.slug == "fit-for-purpose"]

    assert [place.use_id for place in asked] == [use.pk for use in uses_of(system)]
    assert {place.question.slug for place in form.places if place.stakeholder_id} == {"impact-of-failure"}
    assert form.known["intended-uses"] == ["U-1 Answers questions", "U-2 Drafts letters"]
    assert not any(place.question.taken_from for place in form.places)


def test_a_sensitive_use_is_asked_for_more(system: AISystem, owner: User) -> None:
    assessment = make_assessment(system, owner, is_complete=True)
    first, second = uses_of(system)
    assert selectors.standing_of(assessment).is_complete

    say_yes(assessment, first, owner)

    standing = selectors.standing_of(assessment)
    assert standing.sensitive == {first.pk: ["Injury"]}
    assert "Quality of service in U-1 Answers questions" in standing.missing
    assert not any(f"in {second.code}" in words for words in standing.missing)
    assert "Restricted uses" in standing.missing
    with pytest.raises(Unmet, match="Quality of service in U-1"):
        actions.close_assessment(assessment_id=assessment.pk, actor=owner)
    answer_needed(assessment, owner)  # says no to the trigger again, among others
    assert not selectors.standing_of(assessment).is_sensitive


def test_closed_versions_stay_as_they_were(system: AISystem, owner: User) -> None:
    assessment = actions.close_assessment(assessment_id=make_assessment(system, owner, is_complete=True).pk, actor=owner)
    before = selectors.snapshots([Assessment.objects.get(pk=assessment.pk)])
    first = uses_of(system)[0]

    system_actions.edit_intended_use(use_id=first.pk, title="Another title", actor=owner)
    system_actions.add_intended_use(system=system, title="A third use", actor=owner)

    assert selectors.snapshots([Assessment.objects.get(pk=assessment.pk)]) == before
    assert len(before[assessment.pk]["answers"]) == assessment.answers.count() > 0
    with pytest.raises(WrongState):
        actions.answer_question(assessment_id=assessment.pk, question="description", value="New.", actor=owner)
    for statement in (
        "update impact_assessment_answer set value = '\"x\"' where assessment_id = %s",
        "delete from impact_assessment_answer where assessment_id = %s",
        "update impact_assessment_impact set benefit = 'x' where assessment_id = %s",
        "update impact_assessment set number = 9 where id = %s",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [assessment.pk])


def test_the_next_version_begins_with_what_the_last_one_says(system: AISystem, owner: User) -> None:
    first = actions.close_assessment(assessment_id=make_assessment(system, owner, is_complete=True).pk, actor=owner)
    gone = uses_of(system)[1]
    system_actions.archive_intended_use(use_id=gone.pk, reason="Nobody does it.", actor=owner)

    second = actions.start_assessment(system=system, actor=owner)

    assert (second.number, second.based_on) == (2, first)
    assert selectors.standing_of(second).is_complete
    assert not second.answers.filter(intended_use=gone).exists()
    assert {impact.intended_use_id for impact in second.impacts.all()} == {uses_of(system)[0].pk}
    actions.answer_question(assessment_id=second.pk, question="description", value="It changed.", actor=owner)
    changes = {(change.title, change.where): (change.before, change.after) for change in selectors.differences(first, second)}
    assert changes["Description", ""] == ("About description.", "It changed.")
    assert changes["Fit for purpose", "U-2 Drafts letters"] == ("About fit-for-purpose.", "")
    assert ("Readiness", "U-1 Answers questions") not in changes


def test_one_version_is_written_at_a_time(system: AISystem, owner: User) -> None:
    writing = make_assessment(system, owner)

    with pytest.raises(Conflict, match="is being written already"):
        actions.start_assessment(system=system, actor=owner)

    actions.discard_assessment(assessment_id=writing.pk, reason="Begun by mistake.", actor=owner)
    assert actions.start_assessment(system=system, actor=owner).number == 2


def test_nobody_writes_over_what_they_have_not_seen(system: AISystem, owner: User) -> None:
    assessment = make_assessment(system, owner)
    colleague = make_user(Role.CONTRIBUTOR, scope=system.scope)
    said: dict[str, Any] = {"assessment_id": assessment.pk, "question": "description"}
    actions.answer_question(**said, value="The first.", seen=0, actor=owner)
    actions.answer_question(**said, value="The colleague's.", seen=1, actor=colleague)

    with pytest.raises(AnswerChanged) as refusal:
        actions.answer_question(**said, value="Mine.", seen=1, actor=owner)

    assert refusal.value.answer.value == "The colleague's."
    kept = actions.answer_question(**said, value="Mine.", seen=2, actor=owner)
    assert kept is not None
    assert kept.revision == 3
    assert actions.answer_question(**said, value="  ", seen=3, actor=owner) is None
    assert not assessment.answers.exists()
    changes = [entry.payload.body["changes"] for entry in Entry.objects.filter(action="harms.assessment_answered").order_by("pk")]
    assert changes[-1] == {"Description": ["Mine.", ""]}


@pytest.mark.parametrize(
    ("question", "value", "sentence"),
    [
        ("description", ["a"], "a text"),
        ("readiness", "perfect", "Choose one of"),
        ("injury", {"answer": "yes", "why": " "}, "Say how"),
        ("injury", {"answer": "perhaps"}, "yes or no"),
        ("features-now", "a", "list of texts"),
        ("features-now", ["a"] * 61, "At most 60 rows"),
        ("goals-that-apply", [{"goal": "A1", "other": "x"}], "rows of goal, applies because"),
        ("description", "a" * 20_001, "20,000"),
        ("stakeholders", "a", "no such question"),
        ("purpose", "a", "no such question"),
        ("unheard-of", "a", "no such question"),
    ],
)
def test_answers_have_to_fit(system: AISystem, owner: User, question: str, value: Any, sentence: str) -> None:
    assessment = make_assessment(system, owner)
    asked = {place.question.slug: place for place in selectors.form_of(assessment).places}
    use_id = asked[question].use_id if question in asked else None

    with pytest.raises(Invalid, match=sentence):
        actions.answer_question(assessment_id=assessment.pk, question=question, use_id=use_id, value=value, actor=owner)


def test_places_of_other_systems_are_not_asked(system: AISystem, owner: User) -> None:
    assessment = make_assessment(system, owner)
    foreign = system_actions.add_intended_use(system=make_system(owner=owner), title="Elsewhere", actor=owner)

    with pytest.raises(Invalid, match="no such question"):
        actions.answer_question(assessment_id=assessment.pk, question="fit-for-purpose", use_id=foreign.pk, value="x", actor=owner)
    with pytest.raises(Invalid, match="of this system"):
        actions.add_impact(
            assessment_id=assessment.pk, use=foreign, stakeholder=Stakeholder.objects.get(system=system), potential_harm="They wait.", actor=owner
        )


def test_a_row_becomes_a_harm_once_also_after_closing(system: AISystem, owner: User) -> None:
    assessment = actions.close_assessment(assessment_id=make_assessment(system, owner, is_complete=True).pk, actor=owner)
    impact = Impact.objects.filter(assessment=assessment).earliest("pk")
    category = HarmCategory.objects.earliest("position")

    harm = actions.propose_from_impact(impact_id=impact.pk, title="Patients are hurt", category=category, actor=owner)

    impact.refresh_from_db()
    assert impact.harm == harm
    assert [held.intended_use_id for held in harm.uses.all()] == [impact.intended_use_id]
    assert "Whom it hurts: Patients" in harm.description
    with pytest.raises(Conflict, match=harm.code):
        actions.propose_from_impact(impact_id=impact.pk, title="Again", category=category, actor=owner)


def test_readers_write_nothing(system: AISystem, owner: User) -> None:
    assessment = make_assessment(system, owner)
    viewer = make_user(Role.VIEWER, scope=system.scope)

    with pytest.raises(PolicyDenied):
        actions.answer_question(assessment_id=assessment.pk, question="description", value="x", actor=viewer)
    with pytest.raises(PolicyDenied):
        actions.discard_assessment(assessment_id=assessment.pk, reason="No.", actor=viewer)


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_an_answer_is_kept_as_it_is_left(system: AISystem, owner: User) -> None:
    assessment = make_assessment(system, owner)
    client, address = client_of(owner), reverse("assessment-answer", args=[assessment.pk])
    sent = {"key": "description-0-0", "value": "It answers questions.", "seen": "0"}

    kept = client.post(address, sent, headers={"HX-Request": "true"})
    again = client.post(address, {**sent, "value": "Other words."}, headers={"HX-Request": "true"})
    plain = client.post(address, {**sent, "value": "Other words."})

    assert kept.status_code == 200
    assert 'name="seen" value="1"' in kept.content.decode()
    assert again.status_code == 422
    assert "changed this answer meanwhile" in again.content.decode()
    assert "It answers questions." in again.content.decode()
    assert plain.status_code == 422
    assert "Other words." in plain.content.decode()  # nothing that was typed is lost
    back = client.post(address, {**sent, "seen": "1", "value": "Better words."})
    assert back.headers["Location"] == f"/assessments/{assessment.pk}/?section=1#description-0-0"


@pytest.mark.parametrize(
    ("key", "sent", "value"),
    [
        ("features-now-0-0", {"value": "Chat\n\n Search \n"}, ["Chat", "Search"]),
        ("goals-that-apply-0-0", {"r0-0": "A1", "r0-1": "All systems", "r1-0": "", "r1-1": ""}, [{"goal": "A1", "applies because": "All systems"}]),
    ],
)
def test_lists_and_tables_come_from_plain_forms(system: AISystem, owner: User, key: str, sent: dict[str, str], value: Any) -> None:
    assessment = make_assessment(system, owner)

    client_of(owner).post(reverse("assessment-answer", args=[assessment.pk]), {"key": key, "seen": "0", **sent})

    assert assessment.answers.get().value == value


def test_page_costs_the_same_for_many_answers(system: AISystem, owner: User) -> None:
    assessment = make_assessment(system, owner)
    client, address = client_of(owner), reverse("assessment", args=[assessment.pk])
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(f"{address}?section=2")
    for number in range(5):
        system_actions.add_intended_use(system=system, title=f"Use {number}", actor=owner)
    answer_needed(assessment, owner)

    with CaptureQueriesContext(connection) as many:
        answer = client.get(f"{address}?section=2")

    assert answer.status_code == 200
    assert len(many) == len(few)


QUESTIONS = {
    "text": Question("q", "Q", 1, "once", "?", "text"),
    "list": Question("q", "Q", 1, "once", "?", "list"),
    "table": Question("q", "Q", 1, "once", "?", "table", columns=("a", "b")),
    "yes or no": Question("q", "Q", 1, "once", "?", "yes or no"),
    "choice": Question("q", "Q", 1, "once", "?", "choice", choices=("x", "y")),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "answer", "why"]), inner, max_size=3),
)


@given(shape=st.sampled_from(sorted(QUESTIONS)), value=JSON)
def test_whatever_is_sent_fits_or_is_refused_in_words(shape: str, value: Any) -> None:
    """And what was taken is taken again unchanged."""
    try:
        fitted = assessing.fitting(QUESTIONS[shape], value)
    except Invalid:
        return
    if fitted is not None:
        assert assessing.fitting(QUESTIONS[shape], fitted) == fitted
        assert assessing.in_words(fitted)
