"""Transcripts are kept as long as the charter says: then their texts go, and what figures rest on stays. Drafts that are given up."""

from __future__ import annotations

import datetime
import hashlib
import json

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from harms import actions
from harms.actions import transcript_retention
from harms.enums import CampaignState, FindingState
from harms.models import Campaign, Finding, ProbeSession, Turn
from harms.selectors import campaigns as selectors
from measurements.actions.promotions import add_case_from_finding
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry, Payload
from raiportal.errors import Conflict, Invalid, PolicyDenied, WrongState
from raiportal.integrity.invariants import invariants
from systems.models import AISystem
from tests.factories.accounts import headers, make_user
from tests.factories.campaigns import make_campaign, make_finding, make_tester, make_transcript
from tests.factories.measurements import make_version
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db
CANARY = "take ten at once"


@pytest.fixture
def system() -> AISystem:
    return make_system()


@pytest.fixture
def tester(system: AISystem) -> User:
    return make_tester(system)


@pytest.fixture
def owner(system: AISystem) -> User:
    assert system.owner is not None
    return system.owner


@pytest.fixture
def campaign(system: AISystem, tester: User) -> Campaign:
    return make_campaign(system, testers=(tester,), retention_days=30)


def close(campaign: Campaign, owner: User, *, days_ago: float) -> None:
    actions.close_campaign(campaign_id=campaign.pk, debrief="It held mostly.", actor=owner)
    Campaign.objects.filter(pk=campaign.pk).update(closed_at=clocks.now() - datetime.timedelta(days=days_ago))


def sweep() -> int:
    return actions.delete_old_transcripts(actor=User.system())


def turns_of(session: ProbeSession) -> list[Turn]:
    return list(session.turns.order_by("number"))


# --- When ---
@pytest.mark.parametrize(("days_ago", "deleted"), [(29.9, 0), (30.1, 2)])
def test_texts_go_when_the_time_of_the_charter_is_over(campaign: Campaign, tester: User, owner: User, days_ago: float, deleted: int) -> None:
    session = make_transcript(campaign, tester)
    close(campaign, owner, days_ago=days_ago)

    assert sweep() == deleted
    assert all((turn.text == "") is bool(deleted) for turn in turns_of(session))
    assert sweep() == 0


def test_texts_of_a_campaign_that_is_not_closed_stay(campaign: Campaign, tester: User) -> None:
    session = make_transcript(campaign, tester)
    Campaign.objects.filter(pk=campaign.pk).update(started_at=clocks.now() - datetime.timedelta(days=900))

    assert sweep() == 0
    assert all(turn.text for turn in turns_of(session))


def test_long_campaigns_go_in_small_steps(campaign: Campaign, tester: User, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript_retention, "TURNS_AT_ONCE", 3)
    for _ in range(4):
        make_transcript(campaign, tester)
    close(campaign, owner, days_ago=31)

    assert sweep() == 8
    counts = [body["details"]["turns"] for body in Payload.objects.filter(entry__action="harms.transcripts_deleted").values_list("body", flat=True)]
    assert sorted(counts) == [2, 3, 3]


# --- What ---
def test_figures_verdicts_and_a_digest_stay(campaign: Campaign, tester: User, owner: User) -> None:
    session = make_transcript(campaign, tester, strategies=["role-play"])
    first = turns_of(session)[0]
    actions.mark_turn(turn_id=first.pk, verdict="succeeded", note="It said so at once.", actor=tester)
    text, answer = first.text, first.answer
    before = selectors.figures_of(campaign)
    close(campaign, owner, days_ago=31)

    sweep()

    first.refresh_from_db()
    assert (first.text, first.answer, first.note, first.body) == ("", "", "", None)
    assert (first.verdict, first.outcome, first.strategies) == ("succeeded", "answered", ["role-play"])
    assert first.texts_digest == hashlib.sha256(json.dumps({"answer": answer, "refusal": "", "text": text}, sort_keys=True).encode()).hexdigest()
    assert selectors.figures_of(campaign) == before


def test_ledger_says_how_many_and_holds_none_of_the_texts(campaign: Campaign, tester: User, owner: User) -> None:
    make_transcript(campaign, tester)
    close(campaign, owner, days_ago=31)

    sweep()

    entry = Entry.objects.get(action="harms.transcripts_deleted")
    assert (entry.subject_kind, entry.subject_id, entry.actor) == ("harms.campaign", campaign.pk, User.system())
    assert entry.payload.body["details"] == {"turns": 2, "sessions": 1, "after_days": 30}
    assert CANARY not in json.dumps(entry.payload.body).lower()


def test_what_a_finding_shows_stays_until_it_is_decided(campaign: Campaign, tester: User, owner: User) -> None:
    session = make_transcript(campaign, tester)
    finding = make_finding(campaign, tester, session=session, first_turn=1, last_turn=1)
    close(campaign, owner, days_ago=31)

    assert sweep() == 1
    assert [bool(turn.text) for turn in turns_of(session)] == [True, False]
    actions.dismiss_finding(finding_id=finding.pk, reason="Known and wanted.", actor=owner)
    assert sweep() == 1
    assert not any(turn.text for turn in turns_of(session))


def test_deleted_conversation_becomes_no_case(campaign: Campaign, tester: User, owner: User) -> None:
    session = make_transcript(campaign, tester)
    finding = make_finding(campaign, tester, session=session)
    actions.give_opinion(finding_id=finding.pk, verdict="agrees", severity=4, reason="I read it too.", actor=owner)
    actions.confirm_finding(finding_id=finding.pk, harm=campaign.scope.get().harm, severity=4, actor=owner)
    held = make_version(campaign.system).measurement_set
    close(campaign, owner, days_ago=31)
    sweep()

    with pytest.raises(Conflict, match="deleted"):
        add_case_from_finding(finding_id=finding.pk, set_id=held.pk, actor=owner)
    assert Finding.objects.get(pk=finding.pk).state == FindingState.CONFIRMED


def test_deleted_conversation_is_not_played_again(campaign: Campaign, tester: User, owner: User) -> None:
    session = make_transcript(campaign, tester, configuration=campaign.configuration)
    finding = make_finding(campaign, tester, session=session)
    actions.dismiss_finding(finding_id=finding.pk, reason="Known.", actor=owner)
    close(campaign, owner, days_ago=31)
    sweep()

    with pytest.raises(Conflict, match="deleted"):
        actions.start_replays(finding_id=finding.pk, count=1, actor=owner)


def test_page_and_api_say_that_the_texts_are_gone(campaign: Campaign, tester: User, owner: User, client: Client) -> None:
    session = make_transcript(campaign, tester)
    close(campaign, owner, days_ago=31)
    sweep()
    client.force_login(owner)

    page = client.get(reverse("probe-session", args=[session.pk])).text
    told = Client().get(f"/api/v1/probe-sessions/{session.pk}/turns/", headers=headers(owner)).json()

    assert "as the charter says" in page
    assert "Show turn 1" not in page
    assert [bool(turn["texts_deleted_at"]) for turn in told] == [True, True]


def test_invariants_hold_after_texts_went(campaign: Campaign, tester: User, owner: User) -> None:
    make_transcript(campaign, tester)
    actions.close_campaign(campaign_id=campaign.pk, debrief="It held mostly.", actor=owner)
    Campaign.objects.filter(pk=campaign.pk).update(retention_days=1, closed_at=clocks.now() - datetime.timedelta(days=2))
    sweep()

    found = {one.slug: list(one.check()) for one in invariants if "probes" in one.slug or "findings" in one.slug or one.slug == "INV-20 of campaigns"}

    assert found
    assert not any(found.values())


# --- Who, and what the database refuses ---
def test_nobody_deletes_them_by_hand(owner: User) -> None:
    for person in (owner, make_user(Role.ADMINISTRATOR)):
        with pytest.raises(PolicyDenied):
            actions.delete_old_transcripts(actor=person)


def test_database_refuses_early_deletion_and_other_changes_with_it(campaign: Campaign, tester: User, owner: User) -> None:
    turn = turns_of(make_transcript(campaign, tester))[0]
    gone = {**transcript_retention.NOTHING, "texts_digest": "0" * 64, "texts_deleted_at": clocks.now()}
    close(campaign, owner, days_ago=29)
    with pytest.raises(IntegrityError), transaction.atomic():
        Turn.objects.filter(pk=turn.pk).update(**gone)
    Campaign.objects.filter(pk=campaign.pk).update(closed_at=clocks.now() - datetime.timedelta(days=31))
    with pytest.raises(IntegrityError), transaction.atomic():
        Turn.objects.filter(pk=turn.pk).update(**gone, verdict="resisted")
    with pytest.raises(IntegrityError), transaction.atomic():
        Turn.objects.filter(pk=turn.pk).update(**{**gone, "answer": "Something else."})

    assert Turn.objects.filter(pk=turn.pk).update(**gone) == 1


@pytest.mark.parametrize("days", [0, 3_651])
def test_charter_keeps_transcripts_for_a_day_to_ten_years(campaign: Campaign, owner: User, days: int) -> None:
    actions.pause_campaign(campaign_id=campaign.pk, reason="To change it.", actor=owner)

    with pytest.raises(Invalid):
        actions.edit_campaign(campaign_id=campaign.pk, retention_days=days, actor=owner)


# --- Drafts that are given up ---
def test_draft_is_discarded_with_a_reason_and_asks_nobody_any_more(system: AISystem, owner: User, tester: User) -> None:
    draft = make_campaign(system, is_running=False, testers=(tester,))
    with pytest.raises(Invalid):
        actions.discard_campaign(campaign_id=draft.pk, reason=" ", actor=owner)

    discarded = actions.discard_campaign(campaign_id=draft.pk, reason="Another team does it.", actor=owner)

    assert discarded.state == CampaignState.DISCARDED
    assert Payload.objects.get(entry__action="harms.campaign_discarded").body["reason"] == "Another team does it."
    for act in (
        lambda: actions.start_campaign(campaign_id=draft.pk, actor=owner),
        lambda: actions.consent(campaign_id=draft.pk, seen=draft.warning_digest, actor=tester),
        lambda: actions.edit_campaign(campaign_id=draft.pk, title="Else", actor=owner),
    ):
        with pytest.raises(Conflict):
            act()


def test_campaign_that_ran_is_closed_and_not_discarded(campaign: Campaign, owner: User) -> None:
    with pytest.raises(WrongState):
        actions.discard_campaign(campaign_id=campaign.pk, reason="No.", actor=owner)


def test_draft_is_discarded_on_its_page_and_through_the_api(system: AISystem, owner: User, client: Client) -> None:
    first, second = (make_campaign(system, is_running=False) for _ in range(2))
    client.force_login(owner)
    address = reverse("campaign-discard", args=[first.pk])
    assert address in client.get(reverse("campaign", args=[first.pk])).text

    page = client.post(address, {"reason": "Not now."}, follow=True).text
    answer = Client().post(f"/api/v1/campaigns/{second.pk}/discard/", {"reason": "Not now."}, "application/json", headers=headers(owner))

    assert "Discarded" in page
    assert address not in page
    assert (answer.status_code, answer.json()["state"]) == (200, "discarded")


def test_a_closed_campaigns_days_change_with_a_reason(campaign: Campaign, tester: User, owner: User) -> None:
    session = make_transcript(campaign, tester)
    close(campaign, owner, days_ago=31)
    with pytest.raises(Invalid, match="Say why"):
        actions.change_retention(campaign_id=campaign.pk, days=60, reason=" ", actor=owner)
    with pytest.raises(PolicyDenied):
        actions.change_retention(campaign_id=campaign.pk, days=60, reason="An audit.", actor=tester)

    actions.change_retention(campaign_id=campaign.pk, days=60, reason="An audit.", actor=owner)
    assert actions.delete_old_transcripts(actor=User.system()) == 0
    browser = Client()
    browser.force_login(owner)
    sent = {"days": "30", "reason": "The audit is over."}
    assert browser.post(reverse("campaign-retention", args=[campaign.pk]), sent).status_code == 302

    assert actions.delete_old_transcripts(actor=User.system()) > 0
    assert Turn.objects.filter(session=session).exclude(text="").count() == 0
    assert [entry.action for entry in Entry.objects.filter(action="harms.campaign_retention_changed")] == ["harms.campaign_retention_changed"] * 2


@pytest.mark.parametrize("days", ["0", "-1", "3651", "ten", ""])
def test_days_that_make_no_sense_change_nothing(campaign: Campaign, owner: User, days: str) -> None:
    close(campaign, owner, days_ago=1)
    browser = Client()
    browser.force_login(owner)

    assert browser.post(reverse("campaign-retention", args=[campaign.pk]), {"days": days, "reason": "Why not."}).status_code in {400, 422}
    campaign.refresh_from_db()
    assert campaign.retention_days == 30
