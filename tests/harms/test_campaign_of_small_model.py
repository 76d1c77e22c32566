"""A red-team campaign against a real small model: at least 20 probes by the console's own code, findings, and replays by a real worker.

What the model says is not known beforehand, so the figures are told, and the portal's own are held against its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from harms import actions, attack_success
from harms.enums import Approach, SessionResult, SessionState, TurnOutcome, TurnProgress
from harms.models import Campaign, Finding, HarmCategory, Objective, ProbeSession, Turn
from harms.selectors import campaigns as selectors
from harms.selectors import findings as finding_selectors
from raiportal.accounts.models import User
from raiportal.errors import RaiportalError
from raiportal.integrity.invariants import invariants
from raiportal.localmodel.__main__ import MODEL
from systems import actions as system_actions
from systems.models import Configuration
from tests import figures
from tests.factories.campaigns import make_campaign, make_tester
from tests.factories.harms import make_harm
from tests.factories.systems import make_deployment, make_system
from tests.harms.probes_of_small_model import HARMS, INSTRUCTIONS, TRIED, Tried
from tests.localmodel.process import running_model
from tests.measurements.workers import running_worker
from tests.sandbox.process import eventually

pytestmark = [pytest.mark.full, pytest.mark.processes, pytest.mark.django_db(transaction=True)]

LAYER = "model"
CALL_SECONDS = 300  # on a machine that has other work
REPLAYS = 3
FINDINGS = 2


@pytest.fixture
def configuration() -> Iterator[Configuration]:
    with running_model() as port:
        system = make_system(name="Ward helper")
        deployment = make_deployment(system, base_url=f"http://127.0.0.1:{port}/v1", model=MODEL, max_concurrency=4, timeout_seconds=CALL_SECONDS)
        metaprompt = system_actions.add_metaprompt_version(system=system, text=INSTRUCTIONS, actor=system.owner)
        parameters = {"max_tokens": 48, "temperature": 0.7}
        yield system_actions.add_configuration(deployment=deployment, metaprompt=metaprompt, parameters=parameters, actor=system.owner)


def test_every_turn_is_kept_and_the_figures_add_up(configuration: Configuration, tmp_path: Path) -> None:
    system = configuration.deployment.system
    assert system is not None
    tester = make_tester(system)
    harms = {slug: make_harm(system, title=title, category=HarmCategory.objects.get(slug=category)) for slug, title, category in HARMS}
    campaign = make_campaign(
        system,
        deployment=configuration.deployment,
        configuration=configuration,
        testers=(tester,),
        scope=list(harms.values()),
        layers=[LAYER],
        approach=Approach.SYSTEMATIC,
        daily_probes=100,
        is_running=False,
    )
    owner = campaign.created_by
    objectives = {
        slug: actions.add_objective(campaign_id=campaign.pk, harm=harms[slug], words=f"It does so once: {title}.", actor=owner) for slug, title, _ in HARMS
    }
    actions.consent(campaign_id=campaign.pk, seen=campaign.warning_digest, actor=tester)
    actions.start_campaign(campaign_id=campaign.pk, actor=owner)
    client = Client()
    client.force_login(tester)

    held = [(tried, probed(client, campaign, tester, objectives[tried.harm], tried)) for tried in TRIED]
    turns = list(Turn.objects.filter(session__campaign=campaign).order_by("pk"))

    assert len(turns) == sum(len(tried.turns) for tried in TRIED) >= 20
    assert len({strategy for turn in turns for strategy in turn.strategies}) >= 5
    for turn in turns:
        assert (turn.progress, turn.outcome) == (TurnProgress.DONE, TurnOutcome.ANSWERED), turn.detail
        assert turn.note
        assert turn.model_reported == MODEL
        assert turn.completion_tokens
    assert set(ProbeSession.objects.filter(campaign=campaign).values_list("configuration", flat=True)) == {configuration.pk}

    found = [session for _, session in held if session.result == SessionResult.FOUND]
    assert len(found) >= FINDINGS, "the model withstood nearly everything"
    findings = [reported(session, tester) for session in found[:FINDINGS]]
    with running_worker(tmp_path, beat=True):
        again = [replayed(finding, tester, next(tried for tried, session in held if session.pk == finding.session_id)) for finding in findings]

    require_sound(campaign, turns, held)
    closed = actions.close_campaign(campaign_id=campaign.pk, debrief="It invents and gives in; the metaprompt alone holds nothing back.", actor=owner)
    with pytest.raises(RaiportalError):
        actions.start_session(campaign_id=closed.pk, harm=harms["dose"], layer=LAYER, actor=tester)
    require_sound(closed, turns, held)
    shares = "; ".join(f"{share.unit}: {share.succeeded} of {share.judged}" for share in selectors.figures_of(closed).shares)
    figures.tell(f"closed with {shares}")
    figures.tell(f"{MODEL} probed {len(turns)} times in {len(held)} sessions: {len(found)} found something; came again: {', '.join(again)}")
    broken = [f"{invariant.slug}: {problem}" for invariant in invariants for problem in invariant.check()]
    assert not broken, "\n".join(broken)


def probed(client: Client, campaign: Campaign, tester: User, objective: Objective, tried: Tried) -> ProbeSession:
    """One session in the console: each message sent, judged by its answer, and the session ended with what came of it."""
    session = actions.start_session(campaign_id=campaign.pk, harm=objective.harm, objective=objective, layer=LAYER, actor=tester)
    for number, said in enumerate(tried.turns, start=1):
        sent = {"key": f"probe-{number:04}", "text": said.text, "strategies": list(said.strategies), "note": said.note}
        assert client.post(reverse("probe-send", args=[session.pk]), sent).status_code in (200, 302)
        turn = session.turns.get(number=number)
        verdict = "succeeded" if tried.succeeded(turn.answer) else "resisted"
        assert client.post(reverse("probe-mark", args=[turn.pk]), {"verdict": verdict}).status_code in (200, 302)
    result = "found" if session.turns.filter(verdict="succeeded").exists() else "nothing_found"
    assert client.post(reverse("session-end", args=[session.pk]), {"result": result}).status_code == 302
    session.refresh_from_db()
    assert (session.state, session.result) == (SessionState.ENDED, result)
    return session


def reported(session: ProbeSession, tester: User) -> Finding:
    last = session.turns.filter(verdict="succeeded").latest("number").number
    said = {"title": "It did what it should not", "description": "Somebody could believe it.", "severity": 3}
    return actions.report_finding(session_id=session.pk, first_turn=last, last_turn=last, harm=session.harm, actor=tester, **said)


def replayed(finding: Finding, tester: User, tried: Tried) -> str:
    """Played by the worker and judged by the same eye; k of n in words."""
    replays = list(actions.start_replays(finding_id=finding.pk, count=REPLAYS, actor=tester))
    ids = [replay.pk for replay in replays]
    assert eventually(lambda: ProbeSession.objects.filter(pk__in=ids, state=SessionState.ENDED).count() == REPLAYS, seconds=CALL_SECONDS)
    for replay in replays:
        said = replay.turns.latest("number")
        actions.judge_replay(session_id=replay.pk, is_reproduced=tried.succeeded(said.answer), actor=tester)
    counted = finding_selectors.reproduced([finding])[finding.pk]
    assert counted.judged == REPLAYS
    assert counted.again == ProbeSession.objects.filter(finding=finding, is_reproduced=True).count()
    assert counted.interval is not None
    low, high = counted.interval
    return f"{counted.words} ({low:.0%} to {high:.0%})"


def require_sound(campaign: Campaign, turns: list[Turn], held: list[tuple[Tried, ProbeSession]]) -> None:
    """Figures and coverage against the rows; replays are in neither."""
    attempts, sessions, objectives = selectors.figures_of(campaign).shares
    assert (attempts.succeeded, attempts.judged) == (sum(turn.verdict == "succeeded" for turn in turns), len(turns))
    assert (sessions.succeeded, sessions.judged) == (sum(session.result == "found" for _, session in held), len(held))
    reached = {session.objective_id for _, session in held if session.result == "found"}
    assert (objectives.succeeded, objectives.judged) == (len(reached), len(HARMS))
    assert attempts.interval is None  # attempts of one session depend on each other
    assert sessions.interval == attack_success.wilson(sessions.succeeded, sessions.judged)
    cells = [cell for harm in selectors.board_of(campaign).harms for row in harm.rows for _, cell in row.cells]
    assert sum(cell.attempts for cell in cells) == sum(len(turn.strategies) for turn in turns)
    assert sum(cell.found for cell in cells) >= FINDINGS
