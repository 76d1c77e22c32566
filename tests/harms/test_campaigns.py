"""Campaigns and findings (ID-4): who sees what, triage by somebody else, coverage and figures, the harm line, and the pages."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from scipy.stats import binomtest

from harms import actions, attack_success, transcripts
from harms.attack_success import SessionCounts
from harms.enums import FindingState, HarmState
from harms.models import Campaign, Candidate, Finding, Harm, HarmCategory, ProbeSession
from harms.selectors import campaigns as selectors
from harms.selectors.harm_line import line_of_life
from measurements.actions.promotions import add_case_from_finding
from measurements.models import Case
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.errors import Conflict, Invalid, PolicyDenied, Unmet, WrongState
from systems.models import AISystem
from tests.factories.accounts import headers, make_user
from tests.factories.campaigns import make_campaign, make_finding, make_session, make_tester, make_transcript
from tests.factories.harms import make_harm
from tests.factories.measurements import make_version
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> AISystem:
    return make_system()


@pytest.fixture
def tester(system: AISystem) -> User:
    return make_tester(system)


@pytest.fixture
def campaign(system: AISystem, tester: User) -> Campaign:
    return make_campaign(system, testers=(tester,), scope=[make_harm(system), make_harm(system)])


@pytest.fixture
def owner(system: AISystem) -> User:
    assert system.owner is not None
    return system.owner


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def agree(finding: Finding, person: User, verdict: str = "agrees") -> None:
    actions.give_opinion(finding_id=finding.pk, verdict=verdict, severity=4, reason="I read it too.", actor=person)


# --- Triage ---
def test_a_finding_is_confirmed_by_somebody_else_after_a_second_opinion(campaign: Campaign, tester: User, owner: User) -> None:
    finding = make_finding(campaign, tester)
    harm = campaign.scope.earliest("position").harm
    with pytest.raises(PolicyDenied, match="You found this"):
        agree(finding, tester)
    with pytest.raises(Unmet, match="second opinion"):
        actions.confirm_finding(finding_id=finding.pk, harm=harm, severity=4, actor=owner)
    agree(finding, owner, "disagrees")
    with pytest.raises(Conflict, match="already"):
        agree(finding, owner)
    with pytest.raises(Unmet):
        actions.confirm_finding(finding_id=finding.pk, harm=harm, severity=4, actor=owner)

    agree(finding, make_user(Role.RISK_MANAGER))
    confirmed = actions.confirm_finding(finding_id=finding.pk, harm=harm, severity=5, actor=owner)

    assert (confirmed.state, confirmed.harm, confirmed.severity) == (FindingState.CONFIRMED, harm, 5)
    reopened = actions.reopen_finding(finding_id=finding.pk, reason="Too soon.", actor=owner)
    assert reopened.state == FindingState.OPEN


def test_a_new_harm_is_proposed_and_never_lost(campaign: Campaign, tester: User, owner: User) -> None:
    finding = make_finding(campaign, tester)
    agree(finding, owner)
    category = HarmCategory.objects.get(slug="confabulation")

    confirmed = actions.confirm_as_new_harm(finding_id=finding.pk, title="Names a deadly dose", category=category, severity=4, actor=owner)
    actions.reopen_finding(finding_id=finding.pk, reason="Look again.", actor=owner)

    assert confirmed.harm is not None
    assert (confirmed.harm.state, confirmed.is_new_harm) == (HarmState.PROPOSED, True)
    assert Harm.objects.filter(title="Names a deadly dose").exists()
    arrived = Candidate.objects.get(subject_kind="harms.finding", subject_id=finding.pk)
    assert (arrived.source, arrived.state, arrived.harm) == ("finding", "new_harm", confirmed.harm)


def test_a_finding_that_was_opened_again_shows_another_new_harm(campaign: Campaign, tester: User, owner: User) -> None:
    finding = make_finding(campaign, tester)
    agree(finding, owner)
    category = HarmCategory.objects.get(slug="confabulation")
    actions.confirm_as_new_harm(finding_id=finding.pk, title="Names a deadly dose", category=category, severity=4, actor=owner)
    actions.reopen_finding(finding_id=finding.pk, reason="Look again.", actor=owner)

    again = actions.confirm_as_new_harm(finding_id=finding.pk, title="Invents a trial", category=category, severity=4, actor=owner)

    assert Candidate.objects.get(subject_id=finding.pk).harm == again.harm
    assert Harm.objects.filter(title__in=("Names a deadly dose", "Invents a trial")).count() == 2


def test_duplicates_lead_to_one_original(campaign: Campaign, tester: User, owner: User) -> None:
    first, second, third = (make_finding(campaign, tester) for _ in range(3))

    actions.mark_duplicate(finding_id=second.pk, original=first, actor=owner)

    with pytest.raises(Invalid, match="duplicate itself"):
        actions.mark_duplicate(finding_id=third.pk, original=second, actor=owner)
    with pytest.raises(Conflict, match="duplicates of this one"):
        actions.mark_duplicate(finding_id=first.pk, original=third, actor=owner)
    with pytest.raises(Invalid, match="another finding"):
        actions.mark_duplicate(finding_id=third.pk, original=third, actor=owner)


def test_a_finding_names_turns_that_are_there(campaign: Campaign, tester: User) -> None:
    session = make_transcript(campaign, tester)

    for first, last in ((0, 1), (2, 1), (1, 9)):
        with pytest.raises(Invalid) as refused:
            make_finding(campaign, tester, session=session, first_turn=first, last_turn=last)
        assert refused.value.field == "first_turn"


@pytest.mark.django_db(transaction=True)
def test_two_who_triage_at_once_decide_once(system: AISystem) -> None:
    tester = make_tester(system)
    campaign = make_campaign(system, testers=(tester,))
    finding = make_finding(campaign, tester)
    owner, manager = system.owner, make_user(Role.RISK_MANAGER)
    assert owner is not None
    agree(finding, owner)
    barrier, ends = threading.Barrier(2), []

    def run(act: Any) -> None:
        barrier.wait(10)
        try:
            ends.append(act())
        except (WrongState, Conflict) as refusal:
            ends.append(refusal)
        finally:
            connections.close_all()

    harm = campaign.scope.get().harm
    acts = (
        lambda: actions.confirm_finding(finding_id=finding.pk, harm=harm, severity=4, actor=owner),
        lambda: actions.dismiss_finding(finding_id=finding.pk, reason="No.", actor=manager),
    )
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(type(end).__name__ for end in ends) == ["Finding", "WrongState"]


def test_a_finding_becomes_a_case_with_its_origin(campaign: Campaign, tester: User, owner: User) -> None:
    finding = make_finding(campaign, tester, session=make_transcript(campaign, tester, strategies=["role-play"]), first_turn=2, last_turn=2)
    version = make_version(campaign.system, cases=["Hello?"])
    with pytest.raises(Conflict, match="confirmed"):
        add_case_from_finding(finding_id=finding.pk, set_id=version.measurement_set_id, actor=owner)
    agree(finding, owner)
    harm = campaign.scope.earliest("position").harm
    actions.confirm_finding(finding_id=finding.pk, harm=harm, severity=4, actor=owner)

    result = add_case_from_finding(finding_id=finding.pk, set_id=version.measurement_set_id, actor=owner)
    again = add_case_from_finding(finding_id=finding.pk, set_id=version.measurement_set_id, actor=owner)

    case = Case.objects.get(version=result.version, external_id=finding.code)
    assert [message["role"] for message in case.messages] == ["user", "assistant", "user"]
    assert (case.harm, case.stratum) == (harm, "role-play")
    assert finding.code in case.source
    assert again.version == result.version


# --- Transcripts ---
@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "nothing"),
        ("Hello", 1, "Start each message"),
        ("User: a\nAssistant: b\nAssistant: c", 3, "answers nothing"),
        ("User: a\nUser: b\nAssistant: c", 2, "Nobody answered"),
        ("User:\nAssistant: b", 1, "empty"),
        ('[{"role": "user"}]', 1, "no {"),
        ('{"messages": 3}', 1, "list of messages"),
        ('[{"role": "wizard", "content": "x"}]', 1, "wizard"),
        ("[1,\n2,\n", 3, "no JSON"),
    ],
)
def test_what_can_t_be_read_is_named_by_its_line(text: str, line: int, words: str) -> None:
    (found, sentence), *_ = transcripts.read(text).problems

    assert found == line
    assert words in sentence


def test_transcripts_are_read_in_both_forms() -> None:
    plain = transcripts.read("System: Be kind.\nUser: One\nmore line\nAssistant: Two\nUser: Three")
    listed = transcripts.read(
        '{"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "One\\nmore line"}, '
        '{"role": "assistant", "content": "Two"}, {"role": "user", "content": "Three"}]}'
    )

    assert plain == listed
    assert [(one.text, one.answer) for one in plain.exchanges] == [("One\nmore line", "Two"), ("Three", None)]


def test_replays_don_t_crowd_out_the_sessions_of_a_campaign(campaign: Campaign, tester: User, client: Client) -> None:
    session = make_transcript(campaign, tester)
    finding = make_finding(campaign, tester, session=session)
    kept = {"campaign": campaign, "harm": session.harm, "layer": session.layer, "configuration": campaign.configuration}
    for _ in range(10):
        ProbeSession.objects.create(kind="replay", finding=finding, tester=tester, created_by=tester, **kept)
    client.force_login(tester)

    page = client.get(reverse("campaign", args=[campaign.pk])).content.decode()

    assert reverse("probe-session", args=[session.pk]) in page
    assert "All 11, 10 of them replays" in page


# --- Figures and coverage ---
def test_denominators_are_kept_apart() -> None:
    rows = [SessionCounts(1, 7, 10, 1, 2, 5, 2), SessionCounts(2, 8, 3, 0, 0, 3, 0), SessionCounts(3, None, 1, 0, 0, 0, 0)]

    found = attack_success.figures(rows, objectives=4, is_systematic=True)
    loose = attack_success.figures(rows, objectives=4, is_systematic=False)

    assert [(share.unit, share.succeeded, share.judged) for share in found.shares] == [("attempt", 2, 8), ("session", 1, 2), ("objective", 1, 2)]
    assert "3 not judged or unclear, 1 failed, 2 lost" in found.shares[0].beside
    assert found.shares[0].interval is None
    assert found.shares[1].interval is not None
    assert found.shares[1].interval[0] == pytest.approx(0.0945, abs=0.001)
    assert all(share.interval is None for share in loose.shares)
    assert "never how often" in loose.caveats[0]
    assert attack_success.figures([], objectives=0, is_systematic=True).shares[0].rate is None


@pytest.mark.parametrize(("again", "judged"), [(0, 1), (0, 8), (1, 8), (5, 8), (8, 8), (7, 17)])
def test_interval_is_wilsons(again: int, judged: int) -> None:
    expected = binomtest(again, judged).proportion_ci(confidence_level=0.95, method="wilson")

    assert attack_success.wilson(again, judged) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_nothing_found_counts_for_coverage_and_gaps_show(campaign: Campaign, tester: User) -> None:
    make_transcript(campaign, tester, strategies=["role-play"], result="nothing_found")
    session = make_transcript(campaign, tester, strategies=["role-play", "crescendo"])
    make_finding(campaign, tester, session=session)

    board = selectors.board_of(campaign)

    first, second = board.harms
    tried = {row.slug: row.cells[0][1] for row in first.rows}
    assert (tried["role-play"].attempts, tried["role-play"].sessions, tried["role-play"].nothing_found, tried["role-play"].found) == (4, 2, 1, 1)
    assert tried["crescendo"].found == 1
    assert second.gaps == len(second.rows) * len(board.layers)
    assert first.gaps == len(first.rows)  # the layer that nobody tried
    assert ([row.slug for row in first.tried], first.untried) == ([row.slug for row in first.rows], [])
    assert (second.tried, second.untried) == ([], [row.title for row in second.rows])


def test_a_duplicate_keeps_its_strategy_on_the_board_while_its_original_stands(campaign: Campaign, tester: User, owner: User) -> None:
    """That it was found before doesn't make the strategy one that doesn't work."""
    first = make_finding(campaign, tester, session=make_transcript(campaign, tester, strategies=["role-play"]))
    second = make_finding(campaign, tester, session=make_transcript(campaign, tester, strategies=["crescendo"]))

    def found() -> dict[str, int]:
        return {row.slug: row.cells[0][1].found for row in selectors.board_of(campaign).harms[0].rows}

    actions.mark_duplicate(finding_id=second.pk, original=first, actor=owner)
    assert found() == {"role-play": 1, "crescendo": 1}
    actions.dismiss_finding(finding_id=first.pk, reason="Nothing bad.", actor=owner)
    assert found() == {"role-play": 0, "crescendo": 0}


# --- The harm line ---
def test_the_line_reaches_from_origin_to_the_latest_instance(campaign: Campaign, tester: User, owner: User) -> None:
    harm = campaign.scope.earliest("position").harm
    actions.assess_harm(harm_id=harm.pk, severity=3, frequency=2, rationale="First.", actor=owner)
    actions.assess_harm(harm_id=harm.pk, severity=5, frequency=3, rationale="Worse.", actor=owner)
    finding = make_finding(campaign, tester, harm=harm)

    line = line_of_life(harm, owner)

    titles = [entry.title for _, entry in line.entries]
    assert finding.title in titles
    assert "Proposed" in titles
    assert f"Red-team campaign: {campaign.title}" in titles
    page = browser(owner).get(reverse("harm-line", args=[harm.pk]))
    assert "The path of its score" in page.content.decode()
    assert len(page.context["path"]["dots"]) == 2
    assert len(browser(owner).get(reverse("harm-line", args=[harm.pk]), {"only": "findings"}).context["entries"]) == 1


def test_merging_takes_red_teaming_along(campaign: Campaign, tester: User, owner: User) -> None:
    first, second = (entry.harm for entry in campaign.scope.order_by("position"))
    finding = make_finding(campaign, tester, harm=first)

    actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="The same.", actor=owner)

    finding.refresh_from_db()
    assert finding.harm == second
    assert [entry.harm for entry in campaign.scope.all()] == [second]


# --- Pages ---
def test_every_page_shows(campaign: Campaign, tester: User, owner: User) -> None:
    finding = make_finding(campaign, tester)
    session = make_session(campaign, tester)
    actions.add_objective(campaign_id=campaign.pk, harm=session.harm, words="Names a dose", actor=owner)
    for person in (owner, tester):
        client = browser(person)
        pages = [
            reverse("campaign-list", args=[campaign.system_id]),
            reverse("campaign", args=[campaign.pk]),
            reverse("campaign-coverage", args=[campaign.pk]),
            reverse("session-list", args=[campaign.pk]),
            reverse("transcript-add", args=[campaign.pk]),
            reverse("probe-session", args=[session.pk]),
            reverse("probe-session", args=[finding.session_id]),
            reverse("finding-add", args=[finding.session_id]),
            reverse("finding-list", args=[campaign.system_id]),
            reverse("finding-export", args=[campaign.system_id, "csv"]),
            reverse("campaign-export", args=[campaign.system_id, "json"]),
            reverse("finding", args=[finding.pk]),
        ]
        for url in pages:
            assert client.get(url).status_code == 200, url
    assert browser(tester).get(reverse("session-add", args=[campaign.pk])).status_code == 200
    assert browser(owner).get(reverse("campaign-add", args=[campaign.system_id])).status_code == 200


def test_texts_stay_hidden_until_somebody_asks_and_only_in_that_answer(campaign: Campaign, tester: User) -> None:
    session = make_transcript(campaign, tester)
    client, turn = browser(tester), session.turns.earliest("number")
    page = reverse("probe-session", args=[session.pk])

    assert "Take ten at once" not in client.get(page).content.decode()
    assert "Take ten at once" in client.post(reverse("probe-text", args=[turn.pk])).content.decode()
    assert "Take ten at once" not in client.get(page).content.decode()


def test_viewers_see_findings_but_never_what_was_sent(campaign: Campaign, tester: User) -> None:
    finding = make_finding(campaign, tester)
    viewer = make_user(Role.VIEWER, scope=campaign.system.scope)
    client = browser(viewer)

    assert client.get(reverse("finding", args=[finding.pk])).status_code == 200
    assert client.get(reverse("probe-session", args=[finding.session_id])).status_code == 403
    assert client.post(reverse("probe-text", args=[finding.session.turns.earliest("number").pk])).status_code == 403
    assert Client().get(f"/api/v1/probe-sessions/{finding.session_id}/turns/", headers=headers(viewer)).status_code == 403


def test_a_list_costs_the_same_for_many_rows(campaign: Campaign, tester: User, owner: User) -> None:
    client, url = browser(owner), reverse("finding-list", args=[campaign.system_id])
    session = make_transcript(campaign, tester)

    def cost(count: int) -> int:
        for _ in range(count):
            make_finding(campaign, tester, session=session)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(url)
        return len(queries)

    cost(1)
    assert cost(2) == cost(10)


def test_the_charter_is_written_in_the_browser(system: AISystem, owner: User) -> None:
    first, second = make_harm(system), make_harm(system)
    configuration = make_deployment(system).configurations.get()
    sent = {
        "title": "Doses",
        "aim": "Find doses.",
        "approach": "systematic",
        "scope": f"{second.code}, {first.code}",
        "layers": ["model"],
        "configuration": configuration.pk,
        "daily_probes": 20,
        "daily_minutes": 60,
        "retention_days": 90,
        "break_after_minutes": 30,
        "break_minutes": 5,
    }

    page = browser(owner).post(reverse("campaign-add", args=[system.pk]), sent, follow=True)

    campaign = Campaign.objects.get()
    assert page.status_code == 200
    assert [entry.harm for entry in campaign.scope.order_by("position")] == [second, first]
    refused = browser(owner).post(reverse("campaign-edit", args=[campaign.pk]), {**sent, "scope": "H-999999"})
    assert refused.status_code == 422


def test_the_api_goes_the_whole_way(campaign: Campaign, tester: User, owner: User) -> None:
    client, keys, owners = Client(), headers(tester), headers(owner)
    harm = campaign.scope.earliest("position").harm

    def post(path: str, body: dict[str, Any], key: dict[str, str]) -> Any:
        answer = client.post(f"/api/v1/{path}", body, content_type="application/json", headers=key)
        assert answer.status_code < 300, answer.content
        return answer.json()

    aim = {"campaign": campaign.pk, "harm": harm.pk, "layer": "model"}
    session = post("probe-sessions/transcripts/", {**aim, "text": "User: a\nAssistant: b", "source": "A chat", "result": "found"}, keys)
    found = {"session": session["id"], "first_turn": 1, "last_turn": 1, "title": "Bad", "description": "Very.", "severity": 4}
    finding = post("findings/", found, keys)
    post(f"findings/{finding['id']}/opinions/", {"verdict": "agrees", "severity": 4, "reason": "Yes."}, owners)
    confirmed = post(f"findings/{finding['id']}/confirm/", {"harm": harm.pk, "severity": 4}, owners)

    assert confirmed["state"] == "confirmed"
    assert client.get(f"/api/v1/probe-sessions/{session['id']}/turns/", headers=keys).json()[0]["answer"] == "b"
    assert client.get(f"/api/v1/campaigns/{campaign.pk}/figures/", headers=owners).json()["shares"][1]["unit"] == "session"
    assert client.get(f"/api/v1/campaigns/{campaign.pk}/coverage/", headers=owners).json()["gaps"] > 0
    assert client.get(f"/api/v1/campaigns/?system={campaign.system_id}", headers=owners).json()["results"][0]["scope"][0] == harm.pk
