"""The same way as in the browser, by programs: from a blank system to an acknowledged list of harms, over the API alone but for the link from outside."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.integrity.invariants import invariants
from systems import actions as system_actions
from systems.models import AISystem, Configuration
from tests.factories.accounts import headers, make_user
from tests.factories.runs import simulated
from tests.factories.systems import make_system
from tests.measurements.workers import running_worker
from tests.sandbox.process import RunningSimulator, eventually, running_simulator

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

MEDIAN = 3  # of the four ratings
CATEGORY = "confabulation"
LIBRARY_ENTRY = "invented-facts"


class Program:
    """A program that acts as somebody."""

    def __init__(self, person: User) -> None:
        self.person = person
        self._client = Client(headers=headers(person))

    def get(self, path: str) -> Any:
        answer = self._client.get(f"/api/v1/{path}/")
        assert answer.status_code == 200, (path, answer.content[:600])
        return answer.json()

    def send(self, path: str, **body: Any) -> Any:
        answer = self._client.post(f"/api/v1/{path}/", json.dumps(body), content_type="application/json")
        assert answer.status_code in (200, 201), (path, answer.content[:600])
        return answer.json()


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator("--latency-ms", "20") as running:
        yield running


@pytest.fixture
def system() -> AISystem:
    return make_system(name="Dose helper")


@pytest.fixture
def configuration(system: AISystem, simulator: RunningSimulator) -> Configuration:
    return system_actions.add_configuration(deployment=simulated(simulator.port, system), actor=system.owner)


def test_from_a_blank_system_to_an_acknowledged_list_of_harms(system: AISystem, configuration: Configuration, tmp_path: Path) -> None:
    manager, deputy = (Program(make_user(Role.RISK_MANAGER)) for _ in range(2))
    tester = Program(make_user(Role.RED_TEAMER, scope=system.scope))
    owner = Program(system.owner)  # type: ignore[arg-type]

    assessed = harm_of_an_assessment(owner, system)
    known = owner.send("known-harms/propose", system=system.pk, entry=LIBRARY_ENTRY)["id"]
    rated_blind(manager, (manager, owner, tester), system, [assessed, known])
    with running_worker(tmp_path, beat=True):
        found = probed(owner, manager, tester, configuration, known)
    accepted_with_an_end(owner, deputy, assessed)
    shared_and_acknowledged(manager, system, {assessed, known, found})

    broken = [f"{invariant.slug}: {problem}" for invariant in invariants for problem in invariant.check()]
    assert not broken, "\n".join(broken)


def harm_of_an_assessment(owner: Program, system: AISystem) -> int:
    use = system_actions.add_intended_use(system=system, title="Working out doses", actor=owner.person)
    nurses = system_actions.add_stakeholder(system=system, name="Nurses", reach="direct", intended_uses=[use], actor=owner.person)
    assessment = owner.send("assessments", system=system.pk)["id"]
    impact = owner.send("impacts", assessment=assessment, intended_use=use.pk, stakeholder=nurses.pk, potential_harm="A dose is invented and given.")["id"]
    harm = owner.send(f"impacts/{impact}/propose", title="Invented dose", category=CATEGORY)["harm"]
    assert owner.get(f"impacts/{impact}")["harm"] == harm
    return int(harm)


def rated_blind(manager: Program, raters: tuple[Program, ...], system: AISystem, harms: list[int]) -> None:
    due_at = (clocks.now() + datetime.timedelta(days=7)).isoformat()
    people = [rater.person.pk for rater in raters]
    held = manager.send("rating-rounds", system=system.pk, title="Before the pilot", harms=harms, people=people, due_at=due_at)["id"]
    link = urlsplit(manager.send(f"rating-rounds/{held}/invite", name="Pat Patient")["link"]).path
    asked = {row["harm"]: row["id"] for row in manager.get(f"rating-rounds/{held}/harms")}
    for level, rater in enumerate(raters, start=2):
        for row in asked.values():
            rater.send(f"rating-rounds/{held}/rate", round_harm=row, severity=level, frequency=level, confidence="medium", rationale="Seen.")
        seen = rater.get("ratings")["results"]
        assert {rating["rater"] for rating in seen} == {seen[0]["rater"]}, "sees another's rating"
    answer = {"severity": MEDIAN, "frequency": MEDIAN, "confidence": "low", "rationale": "It happened to me."}
    said = {f"h{row}-{name}": value for row in asked.values() for name, value in answer.items()}
    outside = Client()
    assert outside.post(link, {**said, "act": "send"}).status_code == 200
    assert outside.get(link).status_code == 404  # a link works once

    manager.send(f"rating-rounds/{held}/close", reason="Everybody has answered.")
    results = manager.get(f"rating-rounds/{held}/results")
    assert len(results) == len(harms)
    for row in asked.values():
        agreed = manager.send(f"rating-rounds/{held}/consensus", round_harm=row, severity=MEDIAN, frequency=MEDIAN, note="Agreed.")
        assert (agreed["median_severity"], agreed["rating_count"], agreed["is_override"]) == (MEDIAN, len(raters) + 1, False)
    ranked = manager.get("harms")["results"]
    assert {harm["inherent_score"] for harm in ranked} == {MEDIAN * MEDIAN}


def probed(owner: Program, manager: Program, tester: Program, configuration: Configuration, harm: int) -> int:
    """A campaign with one live probe against the sandbox, and the new harm that it found."""
    charter = {
        "title": "Doses under pressure",
        "aim": "Whether it invents doses when it is pressed.",
        "configuration": configuration.pk,
        "scope": [harm],
        "layers": ["model"],
        "rules_of_engagement": "Invented patients only.",
        "stop_rules": "At the first real name.",
        "data_handling": "Read by the team alone.",
        "content_warning": "You will read about overdoses.",
        "support_contact": "The ward's counsellor",
    }
    campaign = owner.send("campaigns", system=configuration.deployment.system_id, **charter)["id"]
    owner.send(f"campaigns/{campaign}/testers", person=tester.person.pk)
    manager.send(f"campaigns/{campaign}/start")
    tester.send(f"campaigns/{campaign}/consent", seen=tester.get(f"campaigns/{campaign}")["warning_digest"])
    session = tester.send("probe-sessions", campaign=campaign, harm=harm, layer="model")["id"]
    tester.send(f"probe-sessions/{session}/turns", text="How much can I give an invented patient?", key="journey-1")
    assert eventually(lambda: tester.get(f"probe-sessions/{session}/turns")[0]["progress"] == "done", seconds=60)
    turn = tester.get(f"probe-sessions/{session}/turns")[0]
    assert turn["answer"]
    tester.send(f"probe-sessions/{session}/marks", turn=turn["id"], verdict="succeeded")
    said = {"title": "It names a dose that no source holds", "description": "A nurse could give it.", "severity": 3}
    finding = tester.send("findings", session=session, first_turn=1, last_turn=1, **said)["id"]
    manager.send(f"findings/{finding}/opinions", verdict="agrees", severity=3, reason="I read the turn, and so do I.")
    confirmed = owner.send(f"findings/{finding}/confirm-new", title="Doses without a source", category=CATEGORY, severity=3)
    assert (confirmed["state"], confirmed["is_new_harm"]) == ("confirmed", True)
    figures = manager.get(f"campaigns/{campaign}/figures")
    assert figures
    return int(confirmed["harm"])


def accepted_with_an_end(owner: Program, deputy: Program, harm: int) -> None:
    owner.send(f"harms/{harm}/treat", treatment="accept", words="Every dose is checked by a second nurse.")
    asked = owner.send("sign-off-requests", kind="harms.acceptance", subject=harm)["id"]
    seen = deputy.get(f"sign-off-requests/{asked}")
    signed = deputy.send(f"sign-off-requests/{asked}/sign", role="risk_manager", verdict="approve", reason="It is small, and checked.", seen=seen["digest"])
    assert (signed["state"], signed["standing"]) == ("approved", "approved")
    accepted = owner.get(f"harms/{harm}")
    assert accepted["state"] == "accepted"
    assert accepted["accepted_until"] == signed["valid_until"]


def shared_and_acknowledged(manager: Program, system: AISystem, harms: set[int]) -> None:
    stakeholder = Program(make_user())
    report = manager.send("reports", kind="harms.register", subject=system.pk)
    manager.send(f"reports/{report['id']}/send", recipients=[stakeholder.person.username])
    told = json.dumps(stakeholder.get(f"reports/{report['id']}/pack"))
    for harm in harms:
        assert manager.get(f"harms/{harm}")["title"] in told
    acknowledged = stakeholder.send(f"reports/{report['id']}/acknowledge", digest=report["digest"], note="Read.")
    assert acknowledged["acknowledged_at"]
    assert [row["state"] for row in manager.get(f"reports/{report['id']}/recipients")] == ["acknowledged"]
