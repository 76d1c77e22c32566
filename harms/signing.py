"""What of harms is signed off, by whom, and for how long."""

from __future__ import annotations

from typing import Any

from harms import acceptance, actions, policies, selectors
from harms.enums import AssessmentState, HarmState
from harms.models import Assessment, Harm
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.policy import Decision, denied
from raiportal.signoffs.kinds import RoleNeeded, Rules, SignOffKind
from raiportal.signoffs.models import SignOffRequest

DAYS = 365  # that an approved assessment holds; then it is looked at again
DAYS_WHEN_SENSITIVE = 180
NORMALLY = (RoleNeeded(Role.RISK_MANAGER),)
WHEN_SENSITIVE = (*NORMALLY, RoleNeeded(Role.REVIEWER, review_kind="responsible-ai"), RoleNeeded(Role.REVIEWER, review_kind="legal"))


def _lock(pk: int) -> Assessment:
    found: Assessment = Assessment.objects.lock(pk)
    return found


def _rules(assessment: Assessment) -> Rules:
    """A sensitive use is signed by more people, and for a shorter time."""
    if selectors.standing_of(assessment).is_sensitive:
        return Rules(WHEN_SENSITIVE, DAYS_WHEN_SENSITIVE)
    return Rules(NORMALLY, DAYS)


def _may_request(user: User, assessment: Assessment) -> Decision:
    if assessment.state != AssessmentState.CLOSED:
        return denied("Close this version first: what is signed stays as it is.")
    return policies.may_write_assessment(user, assessment)


def _load(pks: Any) -> dict[int, Assessment]:
    return {row.pk: row for row in Assessment.objects.filter(pk__in=list(pks)).select_related("system__scope")}


ASSESSMENT = SignOffKind(
    "harms.assessment",
    "Impact assessment",
    "harms.assessment",
    lock=_lock,
    load=_load,
    snapshot=selectors.snapshots,
    rules=_rules,
    may_request=_may_request,
    authors=selectors.authors_of,
    decisions=frozenset({"harms.impact_became_harm"}),
    words={"version": "Version", "form": "Questions", "answers": "Answers", "impacts": "Benefits and harms"},
)


def _lock_harm(pk: int) -> Harm:
    found: Harm = Harm.objects.lock(pk)
    return found


def _load_harms(pks: Any) -> dict[int, Harm]:
    return {row.pk: row for row in Harm.objects.filter(pk__in=list(pks)).select_related("system__scope")}


def _acceptance_rules(harm: Harm) -> Rules:
    """By the score that ranks the harm: the worse it is, the more people sign, and the shorter it holds."""
    rule = acceptance.rule_for(harm.priority, selectors.acceptance_rules())
    return Rules(rule.signers, rule.days)


def _may_ask_to_accept(user: User, harm: Harm) -> Decision:
    decided = policies.may_edit_harm(user, harm)
    if not decided:
        return decided
    if not harm.priority:
        return denied("Assess this harm first: nobody can accept a risk that nobody has stated.")
    if harm.state not in {HarmState.ASSESSED, HarmState.IN_TREATMENT, HarmState.ACCEPTED}:
        return denied(f"This harm is {harm.get_state_display().lower()}. Reopen it first.")
    if not harm.treatment:
        return denied("Say first how this harm is treated, and why what remains is borne.")
    return decided


def _accepted(request: SignOffRequest, harm: Harm, actor: User) -> None:
    if request.valid_until is None:
        raise AssertionError("an approval always ends")
    actions.carry_out_acceptance(harm=harm, until=request.valid_until, actor=actor)


def _acceptance_ended(request: SignOffRequest, harm: Harm, actor: User, why: str) -> None:
    actions.carry_out_end_of_acceptance(harm=harm, why=why, actor=actor)


ACCEPTANCE = SignOffKind(
    policies.ACCEPTANCE,
    "Acceptance of a risk",
    "harms.harm",
    lock=_lock_harm,
    load=_load_harms,
    snapshot=selectors.acceptance_snapshots,
    rules=_acceptance_rules,
    may_request=_may_ask_to_accept,
    decisions=actions.ACCEPTING,
    words=selectors.ACCEPTANCE_WORDS,
    approved=_accepted,
    ended=_acceptance_ended,
)
KINDS = (ASSESSMENT, ACCEPTANCE)
