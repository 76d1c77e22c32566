"""Saying something, changing and removing it, who is told, and what goes with an erased person."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from harms.models import Harm
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit import verify
from raiportal.audit.actions import erasure
from raiportal.audit.models import Payload
from raiportal.comments import actions, selectors
from raiportal.comments.models import Comment, CommentRevision
from raiportal.errors import Conflict, Invalid, PolicyDenied
from raiportal.integrity import evidence_invariants
from raiportal.notifications.models import Notification
from tests.audit import ledgers
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system
from tests.systems.test_api import HERE, Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def harm() -> Harm:
    return make_harm(make_system())


@pytest.fixture
def owner(harm: Harm) -> User:
    found: User = harm.system.owner
    return found


@pytest.fixture
def colleague(harm: Harm) -> User:
    return make_user(Role.CONTRIBUTOR, scope=harm.system.scope, username="col.league", name="Colleague")


@pytest.fixture
def browser(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def _told(kind: str) -> list[int]:
    return sorted(Notification.objects.filter(kind=kind).values_list("recipient_id", flat=True))


def _later(monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    real = clocks.now
    monkeypatch.setattr(clocks, "now", lambda: real() + datetime.timedelta(minutes=minutes))


def test_answers_stand_one_level_below(harm: Harm, owner: User, colleague: User) -> None:
    first = actions.add_comment(subject=harm, text=" The unit belongs here. ", actor=owner)
    answer = actions.add_comment(subject=harm, text="Agreed.", parent=first, actor=colleague)
    actions.add_comment(subject=harm, text="Done.", parent=answer, actor=owner)

    threads = selectors.threads(harm)

    assert [(thread.comment.text, [below.text for below in thread.answers]) for thread in threads] == [("The unit belongs here.", ["Agreed.", "Done."])]


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "x" * 5_001])
def test_comment_that_says_nothing_or_too_much_is_refused(harm: Harm, owner: User, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.add_comment(subject=harm, text=text, actor=owner)

    assert refusal.value.field == "text"


def test_answer_to_a_comment_on_something_else_is_refused(harm: Harm, owner: User) -> None:
    elsewhere = actions.add_comment(subject=harm.system, text="Elsewhere.", actor=owner)

    with pytest.raises(Invalid) as refusal:
        actions.add_comment(subject=harm, text="Here.", parent=elsewhere, actor=owner)

    assert refusal.value.field == "parent"


@pytest.mark.parametrize(("role", "may"), [(Role.REVIEWER, True), (Role.RED_TEAMER, True), (Role.VIEWER, False), (Role.LABELLER, False)])
def test_who_takes_part_comments(harm: Harm, role: Role, may: bool) -> None:
    person = make_user(role, scope=harm.system.scope)

    if may:
        assert actions.add_comment(subject=harm, text="Here.", actor=person).pk
    else:
        with pytest.raises(PolicyDenied):
            actions.add_comment(subject=harm, text="Here.", actor=person)


def test_auditor_reads(harm: Harm) -> None:
    with pytest.raises(PolicyDenied):
        actions.add_comment(subject=harm, text="Here.", actor=make_user(Role.AUDITOR))


def test_mentioned_people_are_told_if_they_may_see_it(harm: Harm, owner: User, colleague: User) -> None:
    stranger = make_user(username="stranger")

    said = actions.add_comment(subject=harm, text="@col.league. and @stranger, see @nobody and ada@col.league", actor=owner)

    assert _told("comments.mentioned") == [colleague.pk]
    told = Notification.objects.get()
    assert told.url == reverse("comment", args=[said.pk])
    assert owner.name not in told.title
    assert stranger.pk not in _told("comments.mentioned")


def test_whoever_is_answered_is_told_once(harm: Harm, owner: User, colleague: User) -> None:
    first = actions.add_comment(subject=harm, text="First.", actor=colleague)

    actions.add_comment(subject=harm, text="Answer.", parent=first, actor=owner)
    actions.add_comment(subject=harm, text="Yes, @col.league", parent=first, actor=owner)

    assert _told("comments.answered") == [colleague.pk]
    assert _told("comments.mentioned") == [colleague.pk]


def test_change_keeps_what_stood_there_and_tells_only_who_is_new(harm: Harm, owner: User, colleague: User) -> None:
    third = make_user(Role.VIEWER, scope=harm.system.scope, username="third")
    said = actions.add_comment(subject=harm, text="See @col.league", actor=owner)

    changed = actions.edit_comment(comment_id=said.pk, text="See @col.league and @third", actor=owner)

    assert selectors.revisions(changed) == ["See @col.league"]
    assert changed.edited_at is not None
    assert _told("comments.mentioned") == sorted([colleague.pk, third.pk])
    assert actions.edit_comment(comment_id=said.pk, text=changed.text, actor=owner).revisions.count() == 1


def test_comment_is_changed_by_its_author_within_15_minutes(harm: Harm, owner: User, colleague: User, monkeypatch: pytest.MonkeyPatch) -> None:
    said = actions.add_comment(subject=harm, text="First.", actor=owner)
    with pytest.raises(PolicyDenied):
        actions.edit_comment(comment_id=said.pk, text="Other.", actor=colleague)

    with monkeypatch.context() as patched:
        _later(patched, 14.5)
        assert actions.edit_comment(comment_id=said.pk, text="Second.", actor=owner).text == "Second."
    _later(monkeypatch, 15.5)
    with pytest.raises(PolicyDenied, match="15 minutes"):
        actions.edit_comment(comment_id=said.pk, text="Third.", actor=owner)


def test_removed_comment_says_nothing_anywhere_and_keeps_its_place(harm: Harm, owner: User) -> None:
    said = actions.add_comment(subject=harm, text="Zwetschgenbaum", actor=owner)
    actions.edit_comment(comment_id=said.pk, text="Zwetschgenbaum twice", actor=owner)
    answer = actions.add_comment(subject=harm, text="Answer.", parent=said, actor=owner)

    actions.remove_comment(comment_id=said.pk, reason="Named a patient.", actor=owner)

    assert "Zwetschgenbaum" not in _everything()
    assert [len(thread.answers) for thread in selectors.threads(harm)] == [1]
    with pytest.raises(Conflict):
        actions.add_comment(subject=harm, text="Again.", parent=answer, actor=owner)
    with pytest.raises(Conflict):
        actions.edit_comment(comment_id=said.pk, text="Back.", actor=owner)
    with pytest.raises(Conflict):
        actions.remove_comment(comment_id=said.pk, reason="Again.", actor=owner)
    assert [sentence for invariant in evidence_invariants.EVIDENCE for sentence in invariant.check()] == []


@pytest.mark.parametrize("role", [Role.RISK_MANAGER, Role.ADMINISTRATOR])
def test_others_comments_are_removed_by_who_moderates(harm: Harm, owner: User, colleague: User, role: Role) -> None:
    said = actions.add_comment(subject=harm, text="First.", actor=owner)
    with pytest.raises(PolicyDenied):
        actions.remove_comment(comment_id=said.pk, reason="No.", actor=colleague)

    assert actions.remove_comment(comment_id=said.pk, reason="Rude.", actor=make_user(role)).text == ""


def _everything() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select (select json_agg(c) from comment c)::text || (select json_agg(r) from comment_revision r)::text")
        said = cursor.fetchone()[0] or ""
    return said + "".join(str(body) for body in Payload.objects.values_list("body", flat=True))


def test_sec_45_erased_person_has_said_nothing_and_is_called_by_nobody(harm: Harm, owner: User, colleague: User) -> None:
    mine = actions.add_comment(subject=harm, text="I live at Zwetschgenbaum 3.", actor=colleague)
    actions.edit_comment(comment_id=mine.pk, text="I live at Zwetschgenbaum 4.", actor=colleague)
    called = actions.add_comment(subject=harm, text="@col.league, and @col.league.again, look.", actor=owner)
    ledgers.seal()

    erasure.erase_person(user_id=colleague.pk, reason="Asked for it.", actor=make_user(Role.ADMINISTRATOR))

    assert "Zwetschgenbaum" not in _everything()
    assert Comment.objects.get(pk=called.pk).text == f"@erased-{colleague.pk}, and @col.league.again, look."
    assert Comment.objects.get(pk=mine.pk).author.name == f"Erased person {colleague.pk}"
    assert CommentRevision.objects.get().text == ""
    assert verify.verify().problems == []


def test_ledger_holds_no_words_of_comments(harm: Harm, owner: User) -> None:
    said = actions.add_comment(subject=harm, text="Zwetschgenbaum", actor=owner)
    actions.edit_comment(comment_id=said.pk, text="Pflaumenbaum", actor=owner)

    bodies = "".join(str(body) for body in Payload.objects.values_list("body", flat=True))
    assert "Zwetschgenbaum" not in bodies
    assert "Pflaumenbaum" not in bodies


def test_comment_is_written_answered_changed_and_removed_on_pages(browser: Client, harm: Harm) -> None:
    add = reverse("comment-add", args=["harms.harm", harm.pk])
    answer = browser.post(add, {"text": "<script>alert(1)</script>"})
    said = Comment.objects.get()
    assert answer["Location"] == f"{reverse('harm', args=[harm.pk])}#comment-{said.pk}"
    browser.post(f"{add}?reply={said.pk}", {"text": "Answer."})
    page = browser.get(reverse("harm", args=[harm.pk])).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert f'id="comment-{said.pk}"' in page

    browser.post(reverse("comment-edit", args=[said.pk]), {"text": "Better."})
    assert "alert(1)" in browser.get(reverse("comment", args=[said.pk])).content.decode()
    browser.post(reverse("comment-remove", args=[said.pk]), {"reason": "Done with."})
    page = browser.get(reverse("harm", args=[harm.pk])).content.decode()
    assert "Better." not in page
    assert "Answer." in page
    assert "Done with." in browser.get(reverse("comment", args=[said.pk])).content.decode()


def test_empty_comment_is_refused_on_the_form(browser: Client, harm: Harm) -> None:
    answer = browser.post(reverse("comment-add", args=["harms.harm", harm.pk]), {"text": " "})

    assert (answer.status_code, "Write something first." in answer.content.decode()) == (422, True)


def test_sec_02_others_get_the_answer_of_an_id_that_is_not_there(harm: Harm, owner: User) -> None:
    said = actions.add_comment(subject=harm, text="Canary", actor=owner)
    stranger, foreign = Client(), Caller(make_system().owner)
    stranger.force_login(foreign.user)

    for name in ("comment", "comment-edit"):
        assert [stranger.get(reverse(name, args=[pk])).status_code for pk in (said.pk, 999_999)] == [404, 404]
    assert stranger.post(reverse("comment-remove", args=[said.pk]), {"reason": "x"}).status_code == 404
    assert stranger.post(reverse("comment-add", args=["harms.harm", harm.pk]), {"text": "x"}).status_code == 404
    answers = [foreign.get(f"/comments/{pk}/").json() for pk in (said.pk, 999_999)]
    assert answers[0] == answers[1]
    body = {"subject_kind": "harms.harm", "text": "x"}
    refused = [foreign.post("/comments/", {**body, "subject_id": pk}).json() for pk in (harm.pk, 999_999)]
    assert refused[0] == refused[1]
    assert foreign.get("/comments/").json()["results"] == []
    assert "Canary" not in stranger.get("/search/?q=canary").content.decode().replace("?q=canary", "")
    assert Comment.objects.get().text == "Canary"


def test_sec_08_parent_of_another_system_is_refused_as_one_that_is_not_there(harm: Harm, owner: User) -> None:
    foreign = make_harm(make_system())
    elsewhere = actions.add_comment(subject=foreign, text="x", actor=foreign.system.owner)
    caller = Caller(owner)
    body = {"subject_kind": "harms.harm", "subject_id": harm.pk, "text": "x"}

    answers = [caller.post("/comments/", {**body, "parent": pk}) for pk in (elsewhere.pk, 999_999)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()


def test_search_finds_comments(browser: Client, harm: Harm, owner: User) -> None:
    said = actions.add_comment(subject=harm, text="The pharmacist saw milligrams.", actor=owner)

    assert reverse("comment", args=[said.pk]) in browser.get("/search/?q=pharmacist").content.decode()


def test_api_tells_the_whole_life_of_a_comment(owner: User, harm: Harm) -> None:
    caller = Caller(owner)
    said = caller.post("/comments/", {"subject_kind": "harms.harm", "subject_id": harm.pk, "text": "First."}, headers={"Idempotency-Key": "k"})
    again = caller.post("/comments/", {"subject_kind": "harms.harm", "subject_id": harm.pk, "text": "First."}, headers={"Idempotency-Key": "k"})
    pk = said.json()["id"]

    assert (said.status_code, again.json()) == (201, said.json())
    assert caller.patch(f"/comments/{pk}/", {"text": "Second."}).json()["text"] == "Second."
    assert caller.post(f"/comments/{pk}/remove/", {"reason": "Done."}).json()["text"] == ""
    assert [row["id"] for row in caller.get("/comments/", author=owner.pk).json()["results"]] == [pk]
    assert caller.get("/comments/", ordering="text").status_code == 400
    assert caller.client.delete(f"{HERE}/comments/{pk}/").status_code == 405


def test_discussion_asks_the_same_for_3_and_for_30(browser: Client, harm: Harm, owner: User, django_assert_num_queries: Any) -> None:
    for number in range(3):
        actions.add_comment(subject=harm, text=str(number), actor=owner)
    with django_assert_num_queries(1):
        selectors.threads(harm)
    parent = Comment.objects.latest("pk")
    for number in range(27):
        actions.add_comment(subject=harm, text=str(number), parent=parent, actor=owner)
    with django_assert_num_queries(1):
        assert sum(1 + len(thread.answers) for thread in selectors.threads(harm)) == 30
