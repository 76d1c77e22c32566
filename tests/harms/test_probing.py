"""Probing (ID-4): what is sent to the real endpoint, what is kept of it, and what stops it."""

from __future__ import annotations

import asyncio
import datetime
import threading
import uuid
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connections, transaction
from django.test import Client
from django.urls import reverse

from harms import actions
from harms.actions import probe_calls
from harms.enums import SessionResult, SessionState, TurnOutcome, TurnProgress
from harms.errors import ExposureLimit, Spent, WarningChanged
from harms.models import Campaign, Finding, ProbeSession, Turn
from harms.selectors import findings
from measurements.models import Circuit, Grant
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Conflict, Invalid, PolicyDenied, Unavailable, Unmet, WrongState
from systems import actions as system_actions
from systems.models import Deployment
from tests.factories.accounts import headers
from tests.factories.campaigns import make_campaign, make_finding, make_session, make_tester, make_transcript, probe
from tests.factories.runs import simulated
from tests.factories.systems import make_system
from tests.fakes.scripted_endpoint import ReceivedRequest, ScriptedEndpoint, always, answer, completion, scripted_endpoint

pytestmark = pytest.mark.django_db

CUT_OFF = "cut off at its most tokens"


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with scripted_endpoint(always(answer(completion("Take two of them.")))) as running:
        yield running


@pytest.fixture
def deployment(endpoint: ScriptedEndpoint) -> Deployment:
    return simulated(endpoint.port, make_system(), max_concurrency=1)


@pytest.fixture
def campaign(deployment: Deployment) -> Campaign:
    assert deployment.system is not None
    return make_campaign(deployment=deployment, testers=(make_tester(deployment.system),))


@pytest.fixture
def tester(campaign: Campaign) -> User:
    return campaign.testers.get().person


def test_an_answer_that_was_cut_off_says_so(campaign: Campaign, tester: User, endpoint: ScriptedEndpoint, client: Client) -> None:
    session = make_session(campaign, tester)
    client.force_login(tester)
    assert probe(session).finish_reason == "stop"
    assert CUT_OFF not in client.get(reverse("probe-session", args=[session.pk])).content.decode()
    cut_off = completion("Take two of")
    cut_off["choices"][0]["finish_reason"] = "length"
    endpoint.script = always(answer(cut_off))

    probe(session, "And then?")

    assert CUT_OFF in client.get(reverse("probe-session", args=[session.pk])).content.decode()
    turns = client.get(f"/api/v1/probe-sessions/{session.pk}/turns/", headers=headers(tester)).json()
    assert [turn["finish_reason"] for turn in turns] == ["stop", "length"]


def test_a_turn_goes_to_the_endpoint_and_is_kept_whole(campaign: Campaign, tester: User, endpoint: ScriptedEndpoint) -> None:
    session = make_session(campaign, tester)

    turn = probe(session, strategies=["role-play"], note="First try")

    assert (turn.progress, turn.outcome, turn.answer) == (TurnProgress.DONE, TurnOutcome.ANSWERED, "Take two of them.")
    assert (turn.prompt_tokens, turn.completion_tokens, turn.model_reported, turn.fingerprint, turn.http_status) == (7, 3, "sim-1", "fp_1", 200)
    assert turn.body["choices"][0]["message"]["content"] == "Take two of them."
    assert (turn.strategies, turn.note, session.configuration) == (["role-play"], "First try", campaign.configuration)
    assert [request.json["messages"] for request in endpoint.requests] == [[{"role": "user", "content": "How much may I take?"}]]
    assert not Grant.objects.exists()


def test_a_conversation_carries_what_was_said_before(campaign: Campaign, tester: User, endpoint: ScriptedEndpoint) -> None:
    system = campaign.system
    metaprompt = system_actions.add_metaprompt_version(system=system, text="You are careful.", actor=system.owner)
    assert campaign.configuration is not None
    configuration = system_actions.add_configuration(
        deployment=campaign.configuration.deployment, metaprompt=metaprompt, filters=None, parameters={"temperature": 0.5}, note="", actor=system.owner
    )
    actions.pause_campaign(campaign_id=campaign.pk, reason="Another configuration.", actor=tester)
    actions.edit_campaign(campaign_id=campaign.pk, configuration=configuration, actor=system.owner)
    actions.resume_campaign(campaign_id=campaign.pk, reason="Ready.", actor=system.owner)
    session = make_session(campaign, tester)

    probe(session, "One")
    probe(session, "Two")

    sent = endpoint.requests[-1].json
    assert [message["role"] for message in sent["messages"]] == ["system", "user", "assistant", "user"]
    assert sent["messages"][0]["content"] == "You are careful."
    assert sent["temperature"] == 0.5


def test_the_same_key_is_sent_once(campaign: Campaign, tester: User, endpoint: ScriptedEndpoint) -> None:
    session, key = make_session(campaign, tester), uuid.uuid4().hex

    first, second = probe(session, key=key), probe(session, key=key)

    assert first.pk == second.pk
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        (answer({"error": {"code": "content_filter", "message": "Blocked."}}, status="400 Bad Request"), TurnOutcome.INPUT_BLOCKED),
        (answer(completion(None, refusal="I can't help with that.")), TurnOutcome.REFUSED),
        (answer(b"not json"), TurnOutcome.FAILED),
    ],
)
def test_what_is_no_answer_is_kept_too(raw: bytes, outcome: str) -> None:
    with scripted_endpoint(always(raw)) as endpoint:
        campaign = make_campaign(deployment=simulated(endpoint.port, make_system()))
        turn = probe(make_session(campaign, campaign.created_by))

    assert (turn.progress, turn.outcome) == (TurnProgress.DONE, outcome)


def test_a_call_without_an_answer_is_lost_and_can_be_sent_again(deployment: Deployment, endpoint: ScriptedEndpoint) -> None:
    raws = iter([answer({"error": {"message": "Later."}}, status="503 Service Unavailable"), answer(completion("Now."))])

    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(next(raws))

    endpoint.script = script
    campaign = make_campaign(deployment=deployment)
    session = make_session(campaign, campaign.created_by)

    lost = probe(session)
    assert (lost.progress, lost.reason, lost.detail) == (TurnProgress.LOST, "server_error", "Later.")

    actions.send_again(turn_id=lost.pk, actor=campaign.created_by)
    again = actions.deliver_turn(turn_id=lost.pk, actor=campaign.created_by)

    assert (again.pk, again.answer, again.attempt_count) == (lost.pk, "Now.", 2)


def test_a_process_that_dies_leaves_a_lost_turn_and_a_late_answer_still_counts(campaign: Campaign, tester: User) -> None:
    session = make_session(campaign, tester)
    turn = actions.send_turn(session_id=session.pk, text="Hello?", key=uuid.uuid4().hex, actor=tester)
    claimed = probe_calls._claim(turn.pk, tester)
    assert claimed is not None
    assert probe_calls._claim(turn.pk, tester) is None
    assert actions.sweep_probes(actor=User.system()) == 0
    Turn.objects.filter(pk=turn.pk).update(gives_up_at=clocks.now() - datetime.timedelta(seconds=1))

    assert actions.sweep_probes(actor=User.system()) == 1

    turn.refresh_from_db()
    assert turn.progress == TurnProgress.LOST
    stored = probe_calls._end(claimed, progress=TurnProgress.DONE, outcome=TurnOutcome.ANSWERED, answer="Late.")
    assert stored.answer == "Late."


def test_what_is_done_stays_as_it_came(campaign: Campaign, tester: User) -> None:
    turn = probe(make_session(campaign, tester))

    with pytest.raises(DatabaseError, match="this turn is done"), transaction.atomic():
        Turn.objects.filter(pk=turn.pk).update(answer="Something else")
    with pytest.raises(DatabaseError, match="what was probed stays"), transaction.atomic():
        Turn.objects.filter(pk=turn.pk).delete()
    assert actions.mark_turn(turn_id=turn.pk, verdict="resisted", note="Fine", actor=tester).verdict == "resisted"


# --- Limits of the deployment ---
def test_a_call_waits_for_a_slot_and_gives_up_in_words(campaign: Campaign, tester: User, monkeypatch: pytest.MonkeyPatch, endpoint: ScriptedEndpoint) -> None:
    monkeypatch.setattr("measurements.actions.single_calls.PATIENCE_SECONDS", 0.3)
    assert campaign.configuration is not None
    far = clocks.now() + datetime.timedelta(minutes=1)
    Grant.objects.create(deployment=campaign.configuration.deployment, holder=uuid.uuid4(), wanted=1, slots=1, in_flight=1, expires_at=far)

    turn = probe(make_session(campaign, tester))

    assert (turn.progress, turn.detail.startswith("Every slot")) == (TurnProgress.LOST, True)
    assert endpoint.requests == []
    assert Grant.objects.count() == 1


def test_an_endpoint_that_is_down_is_not_called(campaign: Campaign, tester: User, endpoint: ScriptedEndpoint) -> None:
    assert campaign.configuration is not None
    now = clocks.now()
    Circuit.objects.create(
        deployment=campaign.configuration.deployment, opened_at=now, probe_at=now + datetime.timedelta(minutes=1), last_error="No answer in 60 seconds."
    )

    turn = probe(make_session(campaign, tester))

    assert "No answer in 60 seconds." in turn.detail
    assert endpoint.requests == []


def test_the_first_answer_after_an_outage_closes_the_circuit(campaign: Campaign, tester: User) -> None:
    assert campaign.configuration is not None
    now = clocks.now()
    Circuit.objects.create(deployment=campaign.configuration.deployment, opened_at=now, probe_at=now - datetime.timedelta(seconds=1), last_error="Down.")

    assert probe(make_session(campaign, tester)).answer == "Take two of them."
    assert not Circuit.objects.exists()


def test_rates_keep_a_slot_busy(endpoint: ScriptedEndpoint) -> None:
    deployment = simulated(endpoint.port, make_system(), max_concurrency=4, requests_per_minute=30)
    campaign = make_campaign(deployment=deployment)

    probe(make_session(campaign, campaign.created_by))

    grant = Grant.objects.get(deployment=deployment)
    assert (grant.slots, grant.in_flight, grant.run_id) == (1, 0, None)
    assert 1 < (grant.expires_at - clocks.now()).total_seconds() <= 2


def test_an_endpoint_that_asks_for_silence_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("measurements.actions.single_calls.PATIENCE_SECONDS", 0.1)
    with scripted_endpoint(always(answer({"error": {"message": "Slow down."}}, status="429 Too Many Requests", headers={"retry-after": "30"}))) as endpoint:
        campaign = make_campaign(deployment=simulated(endpoint.port, make_system()))
        session = make_session(campaign, campaign.created_by)
        first = probe(session)
        actions.send_again(turn_id=first.pk, actor=campaign.created_by)
        second = actions.deliver_turn(turn_id=first.pk, actor=campaign.created_by)

        assert first.reason == "rate_limited"
        assert second.detail.startswith("The endpoint asked not to be called")
        assert len(endpoint.requests) == 1


def test_a_deployment_that_leads_elsewhere_is_not_called(campaign: Campaign, tester: User, endpoint: ScriptedEndpoint) -> None:
    session = make_session(campaign, tester)
    assert campaign.configuration is not None
    system_actions.edit_deployment(deployment_id=campaign.configuration.deployment_id, model="another", actor=campaign.created_by)

    with pytest.raises(Conflict, match="leads elsewhere"):
        probe(session)
    assert endpoint.requests == []


# --- Who takes part ---
def test_nobody_probes_without_consent(deployment: Deployment) -> None:
    assert deployment.system is not None
    tester = make_tester(deployment.system)
    campaign = make_campaign(deployment=deployment, testers=(tester,), is_running=False)
    actions.start_campaign(campaign_id=campaign.pk, actor=campaign.created_by)

    with pytest.raises(PolicyDenied, match="Read the content warning"):
        make_session(campaign, tester)
    with pytest.raises(WarningChanged):
        actions.consent(campaign_id=campaign.pk, seen="0" * 64, actor=tester)
    with pytest.raises(PolicyDenied, match="invited"):
        make_session(campaign, campaign.created_by)


def test_another_warning_asks_for_consent_again(campaign: Campaign, tester: User) -> None:
    session = make_session(campaign, tester)
    actions.pause_campaign(campaign_id=campaign.pk, reason="New warning.", actor=tester)
    actions.edit_campaign(campaign_id=campaign.pk, content_warning="It is worse than we said.", actor=campaign.created_by)
    actions.resume_campaign(campaign_id=campaign.pk, reason="Said.", actor=campaign.created_by)

    with pytest.raises(PolicyDenied, match="warning changed"):
        probe(session)


def test_opting_out_needs_no_reason_and_holds_at_once(campaign: Campaign, tester: User, endpoint: ScriptedEndpoint) -> None:
    session = make_session(campaign, tester)
    turn = actions.send_turn(session_id=session.pk, text="Hello?", key=uuid.uuid4().hex, actor=tester)

    actions.opt_out(campaign_id=campaign.pk, actor=tester)

    assert actions.deliver_turn(turn_id=turn.pk, actor=User.system()).progress == TurnProgress.LOST
    assert endpoint.requests == []
    session.refresh_from_db()
    assert (session.state, session.result) == (SessionState.ENDED, SessionResult.BROKEN_OFF)
    with pytest.raises(PolicyDenied, match="opted out"):
        make_session(campaign, tester)
    assert Entry.objects.filter(action="harms.tester_opted_out").get().actor == tester


def test_limits_of_exposure_hold_over_campaigns(campaign: Campaign, tester: User) -> None:
    actions.pause_campaign(campaign_id=campaign.pk, reason="Limits.", actor=tester)
    actions.edit_campaign(campaign_id=campaign.pk, daily_probes=2, actor=campaign.created_by)
    actions.resume_campaign(campaign_id=campaign.pk, reason="Set.", actor=campaign.created_by)
    session = make_session(campaign, tester)
    probe(session)
    probe(session)

    with pytest.raises(ExposureLimit, match="2 probes today"):
        probe(session)


def test_a_campaign_sends_no_more_than_its_charter_allows(campaign: Campaign, tester: User) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(most_probes=1)
    session = make_session(campaign, tester)
    probe(session)

    with pytest.raises(Spent, match="as many as its charter allows"):
        probe(session)
    Campaign.objects.filter(pk=campaign.pk).update(most_probes=None, budget_tokens=10)
    with pytest.raises(Spent, match="10 tokens"):
        probe(session)


# --- Campaigns ---
def test_a_campaign_starts_with_a_whole_charter(deployment: Deployment) -> None:
    campaign = make_campaign(deployment=deployment, is_running=False, stop_rules="", approach="systematic")

    with pytest.raises(Unmet) as refused:
        actions.start_campaign(campaign_id=campaign.pk, actor=campaign.created_by)

    assert "when to stop" in refused.value.detail
    assert "objectives" in refused.value.detail
    assert "Nobody is invited" in refused.value.detail


def test_a_paused_campaign_sends_nothing(campaign: Campaign, tester: User) -> None:
    session = make_session(campaign, tester)
    actions.pause_campaign(campaign_id=campaign.pk, reason="Somebody felt unwell.", actor=tester)

    with pytest.raises(WrongState, match="isn't running"):
        probe(session)
    with pytest.raises(Invalid):
        actions.close_campaign(campaign_id=campaign.pk, debrief=" ", actor=campaign.created_by)
    actions.close_campaign(campaign_id=campaign.pk, debrief="It gives doses.", actor=campaign.created_by)
    session.refresh_from_db()
    assert session.state == SessionState.ENDED


def test_nothing_found_counts_only_when_something_was_answered(campaign: Campaign, tester: User) -> None:
    session = make_session(campaign, tester)
    with pytest.raises(Conflict, match="Nothing was answered"):
        actions.end_session(session_id=session.pk, result="nothing_found", actor=tester)

    probe(session)

    assert actions.end_session(session_id=session.pk, result="nothing_found", actor=tester).result == SessionResult.NOTHING_FOUND


# --- Replays ---
def test_k_of_n_has_an_interval_wherever_it_is_told(campaign: Campaign, tester: User, client: Client) -> None:
    session = make_session(campaign, tester)
    probe(session, "One")
    finding = make_finding(campaign, tester, session=session)
    for number, replay in enumerate(actions.start_replays(finding_id=finding.pk, count=8, actor=tester)):
        actions.play_replay(session_id=replay.pk, actor=User.system())
        actions.judge_replay(session_id=replay.pk, is_reproduced=number < 5, actor=tester)
    client.force_login(tester)

    page = client.get(reverse("finding", args=[finding.pk])).content.decode()
    told = client.get(f"/api/v1/findings/{finding.pk}/replays/", headers=headers(tester)).json()
    (row,) = findings.exported_findings(Finding.objects.filter(pk=finding.pk))

    assert (told["again"], told["judged"], told["rate"]) == (5, 8, 5 / 8)
    assert told["interval"] == pytest.approx([0.3057, 0.8632], abs=1e-4)
    assert "95 % interval 30.6–86.3 %" in page
    assert (row["reproduced_low"], row["reproduced_high"]) == pytest.approx(told["interval"])


def test_nothing_judged_has_no_interval() -> None:
    assert findings.Reproduced(playing=2).interval is None
    assert findings.Reproduced(playing=2).rate is None


def test_a_replay_counts_when_it_was_played_and_judged(campaign: Campaign, tester: User, endpoint: ScriptedEndpoint) -> None:
    session = make_session(campaign, tester)
    probe(session, "One")
    probe(session, "Two")
    finding = make_finding(campaign, tester, session=session, first_turn=2, last_turn=2)
    replays = list(actions.start_replays(finding_id=finding.pk, count=2, actor=tester))
    with pytest.raises(Conflict, match="not answered to its end"):
        actions.judge_replay(session_id=replays[0].pk, is_reproduced=True, actor=tester)

    played = actions.play_replay(session_id=replays[0].pk, actor=User.system())
    actions.play_replay(session_id=replays[0].pk, actor=User.system())
    actions.judge_replay(session_id=replays[0].pk, is_reproduced=True, actor=tester)

    assert played.state == SessionState.ENDED
    assert [request.json["messages"][-1]["content"] for request in endpoint.requests] == ["One", "Two", "One", "Two"]
    assert ProbeSession.objects.filter(finding=finding, is_reproduced=True).count() == 1
    assert ProbeSession.objects.filter(finding=finding, is_reproduced=None).count() == 1


def test_a_transcript_without_a_configuration_can_t_be_replayed(campaign: Campaign, tester: User) -> None:
    finding = make_finding(campaign, tester, session=make_transcript(campaign, tester))

    with pytest.raises(Conflict, match="isn't known against what"):
        actions.start_replays(finding_id=finding.pk, count=1, actor=tester)


# --- At once ---
def _at_once(*acts: object) -> list[object]:
    """What each act in a connection of its own returned or raised."""
    barrier, ends = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int) -> None:
        barrier.wait(10)
        try:
            ends[place] = acts[place]()  # type: ignore[operator]
        except Exception as error:
            ends[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return list(ends)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_sends_once(endpoint: ScriptedEndpoint) -> None:
    campaign = make_campaign(deployment=simulated(endpoint.port, make_system()))
    session, key = make_session(campaign, campaign.created_by), uuid.uuid4().hex

    ends = _at_once(*[lambda: probe(session, key=key)] * 2)

    assert {end.pk for end in ends} == {Turn.objects.get().pk}  # type: ignore[attr-defined]
    assert len(endpoint.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_opting_out_while_an_answer_is_under_way_keeps_the_answer() -> None:
    arrived, go_on = threading.Event(), threading.Event()

    async def script(_: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await asyncio.to_thread(go_on.wait, 10)
        writer.write(answer(completion("Late.")))

    with scripted_endpoint(script) as endpoint:
        campaign = make_campaign(deployment=simulated(endpoint.port, make_system()))
        tester = campaign.created_by
        session = make_session(campaign, tester)

        def leave() -> object:
            arrived.wait(10)
            opted = actions.opt_out(campaign_id=campaign.pk, actor=tester)
            go_on.set()
            return opted

        turn, _ = _at_once(lambda: probe(session), leave)

    assert turn.answer == "Late."  # type: ignore[attr-defined]
    session.refresh_from_db()
    assert session.state == SessionState.ENDED
    with pytest.raises(PolicyDenied):
        probe(session)


def test_unavailable_is_told_in_words_when_there_is_no_gate(campaign: Campaign, tester: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Unavailable("Nobody answers.")

    monkeypatch.setattr(probe_calls, "_called", refuse)

    assert probe(make_session(campaign, tester)).detail == "Nobody answers."
