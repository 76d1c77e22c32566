"""The engine against a model of its rules: whatever people do in whatever order, both agree and INV-01 to INV-04 hold.

SEC-15, SEC-16, SEC-18: own work, replayed and outdated requests, lapsed approvals; time passes by a clock that the machine moves.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from harms.models import Harm
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Conflict, PolicyDenied, RaiportalError, StaleSnapshot, WrongState
from raiportal.integrity.signoffs_invariants import SIGN_OFFS
from raiportal.signoffs import actions, selectors
from raiportal.signoffs.enums import ConditionState, Held, RequestState
from raiportal.signoffs.kinds import RoleNeeded, Rules
from raiportal.signoffs.models import Condition, SignOffRequest
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system
from tests.signoffs.kind import registered

DAY = datetime.timedelta(days=1)
VALID_DAYS = 90
CONFIRMED_WITHIN_DAYS = 14
MANAGER, LEGAL = "risk_manager", "reviewer:legal"
RULES = Rules((RoleNeeded(Role.RISK_MANAGER, quorum=2), RoleNeeded(Role.REVIEWER, review_kind="legal")), VALID_DAYS)
QUORUM = {MANAGER: 2, LEGAL: 1}
HOLDS = {"first": MANAGER, "second": MANAGER, "third": MANAGER, "lawyer": LEGAL, "advocate": LEGAL, "author": MANAGER, "owner": None}
VERDICTS = ["approve", "approve", "approve", "approve_with_conditions", "request_changes", "reject", "recuse"]
people = st.sampled_from(sorted(HOLDS))


@dataclass
class Promise:
    """A condition, as the model knows it."""

    pk: int
    signer: str
    due_on: datetime.date
    state: str = "open"

    def is_overdue(self, now: datetime.datetime) -> bool:
        days = 1 + (CONFIRMED_WITHIN_DAYS if self.state == "met" else 0)
        return self.state != "confirmed" and now >= datetime.datetime.combine(self.due_on + days * DAY, datetime.time(), datetime.UTC)


@dataclass
class Asked:
    """A request, as the model knows it: who said what, and until when."""

    pk: int
    digest: str
    title: str
    excluded: set[str]
    state: str = "open"
    has_ended: bool = False
    became_stale: bool = False
    said: dict[str, tuple[str, datetime.datetime | None]] = field(default_factory=dict)  # by person: the role if they approved, and its end
    promises: list[Promise] = field(default_factory=list)
    until: datetime.datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.state in {"open", "approved"} and not self.has_ended

    def is_complete(self) -> bool:
        given = [role for role, _ in self.said.values()]
        return all(given.count(role) >= quorum for role, quorum in QUORUM.items())

    def lacks(self, now: datetime.datetime, left: set[str]) -> bool:
        """Whether the approval, if it were one, would not hold at this moment, whatever became of its subject."""
        present = [role for person, (role, _) in self.said.items() if person not in left]
        ends = [end for _, end in self.said.values() if end is not None]
        gone = any(present.count(role) < quorum for role, quorum in QUORUM.items())
        return gone or min([*ends, self.until or now + VALID_DAYS * DAY]) <= now or any(promise.is_overdue(now) for promise in self.promises)


class Signing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.passed = datetime.timedelta()
        self.real_now = clocks.now
        self.clock = mock.patch("raiportal.clocks.now", self.moved_now)
        self.clock.start()
        self.known = registered(rules=lambda harm: RULES)
        self.known.__enter__()
        owner = make_user()
        self.system = make_system(owner=owner)
        made = {name: make_user(Role.RISK_MANAGER) for name in ("author", "first", "second", "third")}
        made |= {name: make_user(Role.REVIEWER, scope=self.system.scope) for name in ("lawyer", "advocate")}
        self.ids = {name: user.pk for name, user in {**made, "owner": owner}.items()}
        self.harm_id = make_harm(self.system, actor=made["author"]).pk
        self.title = Harm.objects.get(pk=self.harm_id).title
        self.hands, self.left = {"author"}, set[str]()
        self.asked: list[Asked] = []

    def teardown(self) -> None:
        self.known.__exit__(None, None, None)
        self.clock.stop()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def moved_now(self) -> datetime.datetime:
        return self.real_now() + self.passed

    # --- What people do ---
    @rule()
    def ask(self) -> None:
        waiting = next((asked for asked in self.asked if asked.state == "open"), None)
        in_the_way = waiting is not None and waiting.title == self.title
        made = self.attempt(
            lambda: actions.request_sign_off(kind="tests.acceptance", subject_id=self.harm_id, actor=self.user("owner")), WrongState if in_the_way else None
        )
        if not in_the_way:
            if waiting is not None:
                waiting.state = "withdrawn"
            self.asked.append(Asked(made.pk, made.digest, self.title, {"owner", *self.hands}))

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), person=people, verdict=st.sampled_from(VERDICTS), in_own_role=st.integers(0, 5), short=st.booleans())
    def sign(self, data: st.DataObject, person: str, verdict: str, in_own_role: int, short: bool) -> None:
        asked = self.any_request(data)
        own = HOLDS[person] or MANAGER
        self.say(asked, person, own if in_own_role else {MANAGER: LEGAL, LEGAL: MANAGER}[own], verdict, short)

    @precondition(lambda self: self.asked)
    @rule(verdict=st.sampled_from(["approve", "approve_with_conditions"]), short=st.booleans())
    def those_who_have_to_sign(self, verdict: str, short: bool) -> None:
        """What happens most: everybody who is needed approves, one after the other."""
        for person in ("first", "second", "lawyer"):
            self.say(self.asked[-1], person, HOLDS[person] or MANAGER, verdict if person == "first" else "approve", short)

    @precondition(lambda self: self.asked)
    @rule(days=st.integers(0, 14))
    def those_who_have_to_sign_set_a_condition_that_waits(self, days: int) -> None:
        """Its last day is the third one; nothing else ends the approval in these days."""
        self.those_who_have_to_sign("approve_with_conditions", short=False)
        self.let_days_pass(days)

    @precondition(lambda self: any(promise.state == "met" for asked in self.asked for promise in asked.promises))
    @rule(days=st.integers(1, CONFIRMED_WITHIN_DAYS + 4))
    def leave_what_is_met_unconfirmed(self, days: int) -> None:
        self.let_days_pass(days)

    def say(self, asked: Asked, person: str, role: str, verdict: str, short: bool) -> None:
        now = clocks.now()
        end = now + 5 * DAY if short else None
        refusal = self.refusal_of(asked, person, role, verdict, end or now + VALID_DAYS * DAY, now)
        due_on = (now + 3 * DAY).date()
        conditions = [actions.Asked("Measure it.", self.user("owner"), due_on)] if verdict == "approve_with_conditions" else []
        given: dict[str, Any] = {"valid_until": end, "conditions": conditions, "reason": "Read it.", "seen": asked.digest}
        signed = self.attempt(lambda: actions.sign(request_id=asked.pk, role=role, verdict=verdict, actor=self.user(person), **given), refusal)
        if refusal is not None:
            return
        approves = verdict.startswith("approve")
        asked.said[person] = (role if approves else "", signed.valid_until if approves else None)
        asked.promises += [Promise(pk, person, due_on) for pk in signed.conditions.values_list("pk", flat=True)]
        if verdict in {"reject", "request_changes"}:
            asked.state = "refused"
        elif approves and asked.is_complete():
            for older in self.asked:
                older.has_ended |= older.state == "approved"
            asked.state, asked.until = "approved", min(end for _, end in asked.said.values() if end is not None)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), person=people)
    def withdraw(self, data: st.DataObject, person: str) -> None:
        asked = self.any_request(data)
        refusal = PolicyDenied if HOLDS[person] == LEGAL or person in self.left else None if asked.state == "open" else WrongState
        self.attempt(lambda: actions.withdraw(request_id=asked.pk, reason="Too early.", actor=self.user(person)), refusal)
        if refusal is None:
            asked.state = "withdrawn"

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), person=people)
    def revoke(self, data: st.DataObject, person: str) -> None:
        asked = self.any_request(data)
        refusal = PolicyDenied if person == "owner" or person in self.left else None if asked.state == "approved" and not asked.has_ended else WrongState
        self.attempt(lambda: actions.revoke(request_id=asked.pk, reason="It was wrong.", actor=self.user(person)), refusal)
        if refusal is None:
            asked.state, asked.has_ended = "revoked", True

    @precondition(lambda self: any(asked.promises for asked in self.asked))
    @rule(data=st.data(), person=st.sampled_from(["owner", "owner", "first"]))
    def meet(self, data: st.DataObject, person: str) -> None:
        asked, promise = self.any_promise(data)
        refusal = WrongState if not asked.is_live else PolicyDenied if person != "owner" else None if promise.state in {"open", "reopened"} else WrongState
        self.attempt(lambda: actions.meet_condition(condition_id=promise.pk, note="Measured.", actor=self.user(person)), refusal)
        if refusal is None:
            promise.state = "met"

    @precondition(lambda self: any(asked.promises for asked in self.asked))
    @rule(data=st.data(), is_met=st.booleans(), by_signer=st.integers(0, 3))
    def look_at(self, data: st.DataObject, is_met: bool, by_signer: int) -> None:
        asked, promise = self.any_promise(data)
        person = promise.signer if by_signer else "owner"
        refusal = WrongState if not asked.is_live else PolicyDenied if not by_signer else None if promise.state == "met" else WrongState
        self.attempt(lambda: actions.confirm_condition(condition_id=promise.pk, is_met=is_met, note="Seen.", actor=self.user(person)), refusal)
        if refusal is None:
            promise.state = "confirmed" if is_met else "reopened"

    @rule(person=st.sampled_from(["author", "author", "author", "third"]), title=st.sampled_from(["A claim", "Another claim"]), looks=st.booleans())
    def edit(self, person: str, title: str, looks: bool) -> None:
        """Change the subject; an app looks at its approvals at once, and one that forgot to is caught by their digest."""
        harm = Harm.objects.lock(self.harm_id)
        if title != harm.title:
            ledger.apply_changes(harm, actor=self.user(person), action="harms.harm_changed", title=title)
            self.hands.add(person)
            self.title = title
        if looks:
            actions.recheck(harm, actor=self.user(person))
            self.end_where(lambda asked: asked.title != self.title)

    @rule(days=st.integers(1, 40))
    def let_days_pass(self, days: int) -> None:
        self.passed += days * DAY

    @rule()
    def end_lapsed(self) -> None:
        now = clocks.now()
        expected = [asked for asked in self.asked if asked.state == "approved" and not asked.has_ended and not self.holds(asked, now)]

        assert actions.end_lapsed(actor=User.system()) == len(expected)

        self.end_where(lambda asked: asked in expected)

    @rule(person=st.sampled_from(["second", "advocate"]))
    def leave(self, person: str) -> None:
        User.objects.filter(pk=self.ids[person]).update(is_active=False)
        self.left.add(person)

    # --- What has to hold after each step ---
    @invariant()
    def standing_agrees_with_the_model(self) -> None:
        harm, now = Harm.objects.get(pk=self.harm_id), clocks.now()
        assert selectors.standing("tests.acceptance", harm).state == self.expected(now)
        stored = dict(SignOffRequest.objects.values_list("pk", "state"))
        assert stored == {asked.pk: asked.state for asked in self.asked}

    @invariant()
    def rows_keep_their_promises(self) -> None:
        assert [(promised.slug, list(promised.check())) for promised in SIGN_OFFS] == [(promised.slug, []) for promised in SIGN_OFFS]
        states = {promise.pk: promise.state for asked in self.asked for promise in asked.promises}
        assert dict(Condition.objects.values_list("pk", "state")) == states
        assert set(states.values()) <= set(ConditionState.values)

    # --- The model ---
    def expected(self, now: datetime.datetime) -> Held:
        if not self.asked:
            return Held.NONE
        if any(self.holds(asked, now) for asked in self.asked):
            return Held.APPROVED
        newest = self.asked[-1]
        if newest.state == RequestState.OPEN:
            return Held.OPEN if newest.title == self.title else Held.STALE
        if newest.state == RequestState.APPROVED:
            return Held.STALE if newest.became_stale or (not newest.has_ended and newest.title != self.title) else Held.LAPSED
        return Held(newest.state)

    def holds(self, asked: Asked, now: datetime.datetime) -> bool:
        return asked.state == "approved" and not asked.has_ended and asked.title == self.title and not asked.lacks(now, self.left)

    def end_where(self, is_over: Callable[[Asked], bool]) -> None:
        for asked in self.asked:
            if asked.state == "approved" and not asked.has_ended and is_over(asked):
                asked.has_ended, asked.became_stale = True, asked.title != self.title

    def refusal_of(self, asked: Asked, person: str, role: str, verdict: str, end: datetime.datetime, now: datetime.datetime) -> type[RaiportalError] | None:
        if person in {*asked.excluded, *self.hands, *self.left} or HOLDS[person] != role:
            return PolicyDenied
        if asked.state != "open":
            return WrongState
        if asked.title != self.title:
            return StaleSnapshot
        if person in asked.said:
            return Conflict
        after = Asked(0, "", "", set(), said={**asked.said, person: (role, end)}, promises=asked.promises)
        is_last = verdict.startswith("approve") and after.is_complete()
        return WrongState if is_last and after.lacks(now, self.left) else None

    # --- Doing it ---
    def user(self, name: str) -> User:
        return User.objects.get(pk=self.ids[name])

    def any_request(self, data: st.DataObject) -> Asked:
        """Mostly the newest, at times one from before."""
        back = data.draw(st.sampled_from([0, 0, 0, 0, 1, 2]))
        return self.asked[max(len(self.asked) - 1 - back, 0)]

    def any_promise(self, data: st.DataObject) -> tuple[Asked, Promise]:
        return data.draw(st.sampled_from([(asked, promise) for asked in self.asked for promise in asked.promises]))

    @staticmethod
    def attempt(act: Callable[[], Any], refusal: type[RaiportalError] | None) -> Any:
        """Do it; a refusal has to be exactly of this class, and leaves nothing behind."""
        if refusal is None:
            return act()
        with pytest.raises(refusal) as caught:
            act()
        assert caught.type is refusal
        return None


@pytest.mark.django_db
def test_the_engine_agrees_with_a_model_of_its_rules() -> None:
    """INV-01 to INV-04 after each step of whatever people do."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Signing, settings=settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    )
