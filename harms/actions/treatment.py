"""What is done about a harm: its treatment, its reviews, resolving and reopening it, and carrying out what a sign-off accepted."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction

from harms import acceptance, policies, selectors
from harms.actions.register import fitting
from harms.enums import HarmState, Treatment
from harms.models import Harm
from harms.workflow import HARM
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.deadlines import actions as deadlines
from raiportal.errors import Invalid, WrongState
from raiportal.signoffs import actions as sign_offs
from raiportal.signoffs.enums import Ending

ACCEPTING = frozenset({"harms.harm_accepted", "harms.harm_acceptance_ended", "harms.harm_acceptance_renewed"})  # decisions, not changes of what is signed
REVIEW, TREATMENT = "harms.review", "harms.treatment"  # kinds of deadlines
LONGEST_PLAN = datetime.timedelta(days=5 * 365)  # dates further off are typing errors
ACTED_ON = frozenset({Treatment.MITIGATE, Treatment.AVOID, Treatment.TRANSFER})
NO_LONGER: dict[str, Any] = {"accepted_until": None, "state_before": ""}


@transaction.atomic
def set_treatment(
    *, harm_id: int, treatment: str, words: str = "", owner: User | None = None, due_on: datetime.date | None = None, reason: str = "", actor: User
) -> Harm:
    """Say what is done about a harm, by whom and until when; "" takes the treatment back. An acceptance that was based on another one ends.

    To mitigate, avoid or transfer it puts the harm in treatment. Raises PolicyDenied, WrongState, Invalid.
    """
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_edit_harm(actor, harm).require()
    HARM.require_state(harm, HarmState.ASSESSED, HarmState.IN_TREATMENT, HarmState.ACCEPTED)
    fields = _treatment(treatment, words, owner, due_on)
    ledger.apply_changes(harm, actor=actor, action="harms.harm_treatment_changed", reason=reason, **fields)
    deadlines.set_deadline(TREATMENT, subject=harm, due_at=_end_of(due_on) if treatment in ACTED_ON else None, actor=actor, reason=reason)
    sign_offs.recheck(harm, actor=actor)
    harm.refresh_from_db(fields=["state"])
    if treatment in ACTED_ON and harm.state == HarmState.ASSESSED:
        harm = HARM.advance(harm, "treat", actor=actor, note=reason)
    elif treatment not in ACTED_ON and harm.state == HarmState.IN_TREATMENT:
        harm = HARM.advance(harm, "stop_treating", actor=actor, note=reason)
    return harm


def _treatment(treatment: str, words: str, owner: User | None, due_on: datetime.date | None) -> dict[str, Any]:
    if not treatment:
        return {"treatment": "", "treatment_words": "", "treatment_owner": None, "treatment_due_on": None}
    if treatment not in Treatment.values:
        raise Invalid(f"A treatment is one of {', '.join(Treatment.values)}.", field="treatment")
    said = require_text(words, field="words", sentence="Say what is done about it, or why what remains is borne.")
    if due_on is not None:
        _require_near(due_on, "due_on")
    return {"treatment": treatment, "treatment_words": said, "treatment_owner": fitting({"owner": owner})["owner"], "treatment_due_on": due_on}


@transaction.atomic
def schedule_review(*, harm_id: int, review_on: datetime.date | None, reason: str = "", actor: User) -> Harm:
    """Say when a harm is looked at again at the latest; None takes the date back, so that its score says when. Raises PolicyDenied, Invalid."""
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_edit_harm(actor, harm).require()
    if review_on is not None:
        _require_near(review_on, "review_on")
    _set_review(harm, review_on, "harms.harm_review_scheduled", actor, reason)
    return harm


@transaction.atomic
def record_review(*, harm_id: int, note: str, next_on: datetime.date | None = None, actor: User) -> Harm:
    """Somebody looked at the harm again and says what they found; the next review is on `next_on`, else when its score says.

    Raises PolicyDenied, WrongState for a harm that nobody has assessed, Invalid.
    """
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_edit_harm(actor, harm).require()
    if harm.state == HarmState.PROPOSED:
        raise WrongState("Nobody has assessed this harm yet, so there is nothing to look at again.")
    said = require_text(note, field="note", sentence="Say what you looked at and what you found.")
    if next_on is not None:
        _require_near(next_on, "next_on")
    ledger.record("harms.harm_reviewed", subject=harm, actor=actor, reason=said)
    _set_review(harm, next_on or review_by_score(harm), "harms.harm_review_scheduled", actor, "")
    return harm


def review_by_score(harm: Harm) -> datetime.date:
    """When a harm with this score is looked at again, from today; one without a score as soon as the riskiest."""
    rules = selectors.acceptance_rules()
    rule = acceptance.rule_for(harm.priority, rules) if harm.priority else rules[-1]
    return clocks.now().date() + datetime.timedelta(days=rule.review_days)


@transaction.atomic
def resolve_harm(*, harm_id: int, reason: str, actor: User) -> Harm:
    """It can't happen any more, and why. Raises PolicyDenied, WrongState, Invalid."""
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_edit_harm(actor, harm).require()
    said = require_text(reason, field="reason", sentence="Say why it can't happen any more, and what shows it.")
    resolved: Harm = HARM.advance(harm, "resolve", actor=actor, note=said, resolved_at=clocks.now())
    deadlines.close(TREATMENT, subject=resolved, actor=actor)
    deadlines.close(REVIEW, subject=resolved, actor=actor)
    return resolved


@transaction.atomic
def reopen_harm(*, harm_id: int, reason: str, actor: User) -> Harm:
    """Something is to be done about it again: a resolved harm, or one whose remaining risk was accepted; that acceptance ends.

    Raises PolicyDenied, WrongState, Invalid.
    """
    harm: Harm = Harm.objects.lock(harm_id)
    policies.may_edit_harm(actor, harm).require()
    said = require_text(reason, field="reason", sentence="Say why it is open again.")
    reopened: Harm = HARM.advance(harm, "reopen", actor=actor, note=said, resolved_at=None, reopened_count=harm.reopened_count + 1, **NO_LONGER)
    sign_offs.recheck(reopened, actor=actor)
    if reopened.treatment in ACTED_ON:
        reopened = HARM.advance(reopened, "treat", actor=actor)
        deadlines.set_deadline(TREATMENT, subject=reopened, due_at=_end_of(reopened.treatment_due_on), actor=actor)
    deadlines.set_deadline(REVIEW, subject=reopened, due_at=_end_of(reopened.review_on), actor=actor)
    return reopened


# --- What a sign-off brings about ---
def carry_out_acceptance(*, harm: Harm, until: datetime.datetime, actor: User) -> None:
    """The remaining risk of a harm is accepted until then. Called within the approval's transaction, under the harm's lock."""
    if harm.state == HarmState.ACCEPTED:
        ledger.apply_changes(harm, actor=actor, action="harms.harm_acceptance_renewed", accepted_until=until)
    else:
        HARM.advance(harm, "accept", actor=actor, accepted_until=until, state_before=harm.state)


def carry_out_end_of_acceptance(*, harm: Harm, why: str, actor: User) -> None:
    """The acceptance holds no more: the harm is again what it was before. One that was reopened or merged meanwhile is left alone."""
    locked: Harm = Harm.objects.lock(harm.pk)
    if locked.state != HarmState.ACCEPTED:
        return
    move = "go_back_to_treatment" if locked.state_before == HarmState.IN_TREATMENT else "go_back_to_assessed"
    HARM.advance(locked, move, actor=actor, note=str(Ending(why).label), **NO_LONGER)


# --- Dates ---
def _set_review(harm: Harm, review_on: datetime.date | None, action: str, actor: User, reason: str) -> None:
    ledger.apply_changes(harm, actor=actor, action=action, reason=reason, review_on=review_on)
    deadlines.set_deadline(REVIEW, subject=harm, due_at=_end_of(review_on), actor=actor, reason=reason)


def _end_of(day: datetime.date | None) -> datetime.datetime | None:
    """The last moment of a day, in UTC."""
    return datetime.datetime.combine(day, datetime.time(23, 59, 59), datetime.UTC) if day else None


def _require_near(day: datetime.date, field: str) -> None:
    today = clocks.now().date()
    if not today <= day <= today + LONGEST_PLAN:
        raise Invalid("Give a date that is still to come, at most five years from now.", field=field)
