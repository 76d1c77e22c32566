"""The states of a harm, of a candidate for one, of an impact assessment, of a rating round, of red-team campaigns, their sessions and findings."""

from __future__ import annotations

from harms import policies, selectors
from harms.enums import (
    OPEN_STATES,
    Approach,
    AssessmentState,
    CampaignState,
    CandidateState,
    FindingState,
    HarmState,
    OpinionVerdict,
    RoundState,
    SessionState,
)
from harms.models import Assessment, Campaign, Finding, Harm
from raiportal.workflow import Move, Workflow

MOST_NAMED = 12  # of the answers that are missing


def _answers_missing(assessment: Assessment) -> str | None:
    missing = selectors.standing_of(assessment).missing
    if not missing:
        return None
    more = f" and {len(missing) - MOST_NAMED:,} more" if len(missing) > MOST_NAMED else ""
    return f"Still to answer: {'; '.join(missing[:MOST_NAMED])}{more}."


def _treatment_missing(harm: Harm) -> str | None:
    return None if harm.treatment else "Say first how this harm is treated."


SCORED = (HarmState.ASSESSED, HarmState.IN_TREATMENT)
HARM = Workflow(
    "harms.harm",
    field="state",
    moves=(
        Move("assess", {HarmState.PROPOSED}, HarmState.ASSESSED, policies.may_record_risk_point),
        Move("treat", {HarmState.ASSESSED}, HarmState.IN_TREATMENT, policies.may_edit_harm, unmet=(_treatment_missing,)),
        Move("stop_treating", {HarmState.IN_TREATMENT}, HarmState.ASSESSED, policies.may_edit_harm, past="treatment_stopped"),
        Move("accept", set(SCORED), HarmState.ACCEPTED, policies.may_accept_harm),
        Move("go_back_to_assessed", {HarmState.ACCEPTED}, HarmState.ASSESSED, policies.may_end_acceptance, past="acceptance_ended"),
        Move("go_back_to_treatment", {HarmState.ACCEPTED}, HarmState.IN_TREATMENT, policies.may_end_acceptance, past="acceptance_ended"),
        Move("resolve", set(SCORED), HarmState.RESOLVED, policies.may_edit_harm),
        Move("reopen", {HarmState.ACCEPTED, HarmState.RESOLVED}, HarmState.ASSESSED, policies.may_edit_harm),
        Move("merge", {*OPEN_STATES, HarmState.ACCEPTED, HarmState.RESOLVED}, HarmState.MERGED, policies.may_edit_harm),
    ),
)
DECIDED = {CandidateState.NEW_HARM, CandidateState.LINKED, CandidateState.DISMISSED}
CANDIDATE = Workflow(
    "harms.candidate",
    field="state",
    moves=(
        Move("accept", {CandidateState.WAITING}, CandidateState.NEW_HARM, policies.may_decide_candidate),
        Move("link", {CandidateState.WAITING}, CandidateState.LINKED, policies.may_decide_candidate),
        Move("dismiss", {CandidateState.WAITING}, CandidateState.DISMISSED, policies.may_decide_candidate),
        Move("reopen", DECIDED, CandidateState.WAITING, policies.may_decide_candidate),
    ),
)
ASSESSMENT = Workflow(
    "harms.assessment",
    field="state",
    moves=(
        Move("close", {AssessmentState.WRITING}, AssessmentState.CLOSED, policies.may_write_assessment, unmet=(_answers_missing,)),
        Move("discard", {AssessmentState.WRITING}, AssessmentState.DISCARDED, policies.may_write_assessment),
    ),
)
ROUND = Workflow("harms.rating_round", field="state", moves=(Move("close", {RoundState.OPEN}, RoundState.CLOSED, policies.may_close_round),))


# --- Red-team campaigns ---
def _charter_missing(campaign: Campaign) -> str | None:
    said = {
        "what it aims at": campaign.aim,
        "the configuration": campaign.configuration_id,
        "the layers": campaign.layers,
        "the rules of engagement": campaign.rules_of_engagement,
        "when to stop": campaign.stop_rules,
        "how what is found is handled": campaign.data_handling,
        "the content warning": campaign.content_warning,
    }
    missing = [words for words, value in said.items() if not value]
    return f"The charter doesn't say yet: {', '.join(missing)}." if missing else None


def _scope_missing(campaign: Campaign) -> str | None:
    return None if campaign.scope.exists() else "No harm is in scope."


def _testers_missing(campaign: Campaign) -> str | None:
    return None if campaign.testers.filter(removed_at=None).exists() else "Nobody is invited as a tester."


def _objectives_missing(campaign: Campaign) -> str | None:
    if campaign.approach != Approach.SYSTEMATIC or campaign.objectives.exists():
        return None
    return "A systematic campaign tries objectives that are named before it begins. Add the first one."


def _second_opinion_missing(finding: Finding) -> str | None:
    if finding.opinions.filter(verdict=OpinionVerdict.AGREES).exists():
        return None
    return "Nobody but its finder has said yet that this is a finding. Give a second opinion first."


CAMPAIGN = Workflow(
    "harms.campaign",
    field="state",
    moves=(
        Move(
            *("start", {CampaignState.DRAFT}, CampaignState.RUNNING, policies.may_lead_campaign),
            unmet=(_charter_missing, _scope_missing, _objectives_missing, _testers_missing),
        ),
        Move("pause", {CampaignState.RUNNING}, CampaignState.PAUSED, policies.may_pause_campaign),
        Move("resume", {CampaignState.PAUSED}, CampaignState.RUNNING, policies.may_lead_campaign),
        Move("discard", {CampaignState.DRAFT}, CampaignState.DISCARDED, policies.may_write_campaign),
        Move("close", {CampaignState.RUNNING, CampaignState.PAUSED}, CampaignState.CLOSED, policies.may_lead_campaign),
    ),
)
SESSION = Workflow("harms.probesession", field="state", moves=(Move("end", {SessionState.OPEN}, SessionState.ENDED, policies.may_end_session),))
FINDING = Workflow(
    "harms.finding",
    field="state",
    moves=(
        Move("confirm", {FindingState.OPEN}, FindingState.CONFIRMED, policies.may_triage, unmet=(_second_opinion_missing,)),
        Move("dismiss", {FindingState.OPEN}, FindingState.DISMISSED, policies.may_triage, past="dismissed"),
        Move("mark_duplicate", {FindingState.OPEN}, FindingState.DUPLICATE, policies.may_triage, past="marked_duplicate"),
        Move("reopen", {FindingState.CONFIRMED, FindingState.DISMISSED, FindingState.DUPLICATE}, FindingState.OPEN, policies.may_triage),
    ),
)
