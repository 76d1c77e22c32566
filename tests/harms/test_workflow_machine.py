"""Harms, campaigns and findings against tables of their moves: whatever people do in whatever order, both agree and the invariants of harms hold.

The tables are written out here once more, so that a move added or lost in `harms/workflow.py` shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from harms import actions
from harms.invariants import INVARIANTS
from harms.models import Campaign, Finding, Harm, ProbeSession
from raiportal.accounts.enums import Role
from raiportal.audit.models import Entry
from raiportal.errors import RaiportalError
from tests.factories.accounts import make_user
from tests.factories.campaigns import make_campaign, make_finding, make_tester
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

Table = Mapping[str, Mapping[str, str]]  # by state: what can be done, and the state after it

CAMPAIGNS: Table = {
    "draft": {"start": "running", "discard": "discarded"},
    "running": {"pause": "paused", "close": "closed", "probe": "running"},
    "paused": {"resume": "running", "close": "closed"},
    "closed": {},
    "discarded": {},
}
FINDINGS: Table = {
    "open": {"confirm": "confirmed", "dismiss": "dismissed", "repeat": "duplicate"},
    "confirmed": {"reopen": "open"},
    "dismissed": {"reopen": "open"},
    "duplicate": {"reopen": "open"},
}
HARMS: Table = {
    "proposed": {"assess": "assessed"},
    "assessed": {"assess": "assessed", "treat": "in_treatment", "leave": "assessed", "resolve": "resolved"},
    "in_treatment": {"assess": "in_treatment", "treat": "in_treatment", "leave": "assessed", "resolve": "resolved"},
    "resolved": {"assess": "resolved", "reopen": "assessed"},
}


def drawn(data: st.DataObject, table: Table, state: str) -> str:
    """Mostly a move that the state has, so that every stage is reached; else any."""
    possible = sorted(table[state])
    every = sorted({move for moves in table.values() for move in moves})
    return data.draw(st.sampled_from(possible if possible and data.draw(st.integers(0, 3)) else every))


class Stages(RuleBasedStateMachine):
    """One system with a harm, a campaign and a finding, and what the tables say of each."""

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.savepoint()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)

    @initialize()
    def begin(self) -> None:
        system = make_system()
        self.owner = system.owner
        self.tester, self.second = make_tester(system), make_user(Role.RISK_MANAGER)
        self.harm = make_harm(system)
        elsewhere = make_campaign(system, testers=(self.tester,))
        self.finding, self.original = make_finding(elsewhere, self.tester), make_finding(elsewhere, self.tester)
        actions.give_opinion(finding_id=self.finding.pk, verdict="agrees", severity=3, reason="So it is.", actor=self.second)
        self.campaign = make_campaign(system, testers=(self.tester,), scope=[self.harm], is_running=False)
        actions.consent(campaign_id=self.campaign.pk, seen=self.campaign.warning_digest, actor=self.tester)
        self.is_treated = False

    # --- What people do ---
    @rule(data=st.data())
    def lead(self, data: st.DataObject) -> None:
        move = drawn(data, CAMPAIGNS, self.campaign.state)
        campaign, why = {"campaign_id": self.campaign.pk, "actor": self.owner}, {"reason": "So it was agreed."}
        aim = {"campaign_id": self.campaign.pk, "harm": self.harm, "layer": self.campaign.layers[0], "actor": self.tester}
        self.attempt(
            self.campaign,
            CAMPAIGNS,
            move,
            {
                "start": lambda: actions.start_campaign(**campaign),
                "pause": lambda: actions.pause_campaign(**campaign, **why),
                "resume": lambda: actions.resume_campaign(**campaign, **why),
                "discard": lambda: actions.discard_campaign(**campaign, **why),
                "close": lambda: actions.close_campaign(**campaign, debrief="It holds."),
                "probe": lambda: actions.start_session(**aim),
            },
        )

    @rule(data=st.data())
    def triage(self, data: st.DataObject) -> None:
        move = drawn(data, FINDINGS, self.finding.state)
        finding, why = {"finding_id": self.finding.pk, "actor": self.owner}, {"reason": "Read it again."}
        self.attempt(
            self.finding,
            FINDINGS,
            move,
            {
                "confirm": lambda: actions.confirm_finding(**finding, harm=self.harm, severity=3),
                "dismiss": lambda: actions.dismiss_finding(**finding, **why),
                "repeat": lambda: actions.mark_duplicate(**finding, original=self.original),
                "reopen": lambda: actions.reopen_finding(**finding, **why),
            },
        )

    @rule(data=st.data(), severity=st.integers(1, 5), frequency=st.integers(1, 5))
    def treat(self, data: st.DataObject, severity: int, frequency: int) -> None:
        move = drawn(data, HARMS, self.harm.state)
        harm, levels = {"harm_id": self.harm.pk, "actor": self.owner}, {"severity": severity, "frequency": frequency, "rationale": "Seen."}
        planned = {"treatment": "mitigate", "words": "Answers are checked.", "owner": self.owner}
        instead = {"reopen": "in_treatment"} if self.is_treated else {}
        done = self.attempt(
            self.harm,
            HARMS,
            move,
            {
                "assess": lambda: actions.assess_harm(**harm, **levels),
                "treat": lambda: actions.set_treatment(**harm, **planned),
                "leave": lambda: actions.set_treatment(**harm, treatment=""),
                "resolve": lambda: actions.resolve_harm(**harm, reason="The function is gone."),
                "reopen": lambda: actions.reopen_harm(**harm, reason="It is back."),
            },
            instead,
        )
        if done and move in ("treat", "leave"):
            self.is_treated = move == "treat"

    def attempt(self, row: Any, table: Table, move: str, ways: Mapping[str, Callable[[], Any]], instead: Mapping[str, str] | None = None) -> bool:
        """Do it. What the table doesn't have is refused and leaves nothing behind; the state after it is the table's, or another that is named."""
        before, entries = row.state, Entry.objects.count()
        after = {**table[before], **({key: state for key, state in (instead or {}).items() if key in table[before]})}.get(move)
        if after is None:
            with pytest.raises(RaiportalError), transaction.atomic():
                ways[move]()
            assert Entry.objects.count() == entries, f"{move} was refused and left something behind"
        else:
            ways[move]()
        row.refresh_from_db()
        assert row.state == (after or before), f"{move} on {before}"
        return after is not None

    # --- What holds after each step ---
    @invariant()
    def sessions_are_open_only_while_their_campaign_is_not_over(self) -> None:
        if hasattr(self, "campaign") and self.campaign.state in ("closed", "discarded"):
            assert not ProbeSession.objects.filter(campaign=self.campaign, state="open").exists()

    @invariant()
    def nothing_is_broken(self) -> None:
        assert not [f"{one.slug}: {problem}" for one in INVARIANTS for problem in one.check()]

    @invariant()
    def states_are_those_of_the_tables(self) -> None:
        for model, table in ((Harm, HARMS), (Campaign, CAMPAIGNS), (Finding, FINDINGS)):
            assert set(model._default_manager.values_list("state", flat=True)) <= set(table)


@pytest.mark.django_db
def test_stages_agree_with_their_tables() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Stages, settings=settings(max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
    )
