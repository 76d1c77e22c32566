"""Who may do what in the harm register and in red-team campaigns."""

from __future__ import annotations

from harms.enums import HarmState
from harms.models import Assessment, Campaign, Candidate, Finding, Harm, ProbeSession, Rater, RatingRound, Tester
from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import User
from raiportal.policy import ALLOWED, Decision, denied
from raiportal.signoffs.models import SignOffRequest
from systems import policies as system_policies
from systems.enums import Stage
from systems.models import AISystem

ACCEPTANCE = "harms.acceptance"  # the kind of sign-off
PROBES_IN_SYSTEM = (*system_policies.ACT_IN_SYSTEM, Role.RED_TEAMER)  # may be invited as testers
READS_PROBES = (*PROBES_IN_SYSTEM, Role.AUDITOR)  # may see what was sent and answered, which may be harmful


def may_propose_harm(user: User, system: AISystem) -> Decision:
    return system_policies.may_act_in(user, system)


def may_read_register(user: User, system: AISystem) -> Decision:
    return ALLOWED if roles.sees(user, system.pk) else denied("Only people with a role in this system can read its register.")


def may_share_register(user: User, system: AISystem) -> Decision:
    """Make a report of the register, and send it."""
    return system_policies.may_act_in(user, system)


def may_import_harms(user: User, system: AISystem) -> Decision:
    return may_propose_harm(user, system)


def may_drop_old_uploads(user: User) -> Decision:
    return ALLOWED if user.kind == UserKind.SYSTEM else denied("The portal drops old uploads by itself.")


def may_edit_harm(user: User, harm: Harm) -> Decision:
    if harm.merged_into_id is not None:
        return denied(f"This harm was merged into {Harm(pk=harm.merged_into_id).code}; what is said about it is said there.")
    return system_policies.may_act_in(user, harm.system)


def may_assess_harm(user: User, harm: Harm) -> Decision:
    return may_edit_harm(user, harm)


def may_record_risk_point(user: User, harm: Harm) -> Decision:
    """Measured, residual and observed risk: worked out by the portal, or stated by whoever may assess the harm."""
    return ALLOWED if user.kind == UserKind.SYSTEM else may_assess_harm(user, harm)


def may_accept_harm(user: User, harm: Harm) -> Decision:
    """Nobody sets this state by hand: it follows from a sign-off that is approved and holds."""
    if SignOffRequest.objects.about(ACCEPTANCE, harm.pk).standing().exists():
        return ALLOWED
    return denied("What remains of a risk is accepted by signing it off.")


def may_end_acceptance(user: User, harm: Harm) -> Decision:
    """It follows from the end of the sign-off."""
    if harm.state == HarmState.ACCEPTED and not SignOffRequest.objects.about(ACCEPTANCE, harm.pk).standing().exists():
        return ALLOWED
    return denied("The acceptance of this harm holds. Revoke it, or reopen the harm.")


def may_make_baseline(user: User, system: AISystem) -> Decision:
    """Whoever may act in the system; the portal, and administrators who change a scale, for every system, retired ones too."""
    if user.kind == UserKind.SYSTEM or roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return system_policies.may_act_in(user, system)


def may_add_candidate(user: User, system: AISystem) -> Decision:
    """Everybody who reads a system may say what they saw; the portal passes on what came up in operation."""
    if user.kind == UserKind.SYSTEM or roles.sees(user, system.pk):
        return ALLOWED
    return denied("Only people with a role in this system can do this.")


def may_decide_candidate(user: User, candidate: Candidate) -> Decision:
    return system_policies.may_act_in(user, candidate.system)


def may_decide_offer(user: User, system: AISystem) -> Decision:
    """Take over a known harm of the library, or say why it doesn't fit."""
    return may_propose_harm(user, system)


def may_write_assessment(user: User, assessment: Assessment) -> Decision:
    return system_policies.may_act_in(user, assessment.system)


def may_open_round(user: User, system: AISystem) -> Decision:
    """Rating rounds are run by risk managers: open them, ask people, close them, record what was agreed."""
    if not roles.holds(user, Role.RISK_MANAGER, scope_id=system.pk):
        return denied("Only a risk manager can do this.")
    return denied(system_policies.RETIRED) if system.stage == Stage.RETIRED else ALLOWED


def may_run_round(user: User, held: RatingRound) -> Decision:
    return may_open_round(user, held.system)


def may_close_round(user: User, held: RatingRound) -> Decision:
    """The portal closes a round when it is due."""
    return ALLOWED if user.kind == UserKind.SYSTEM else may_run_round(user, held)


def may_rate(user: User, held: RatingRound, rater: Rater | None) -> Decision:
    """`rater` is the row that names this person in the round, if there is one."""
    if rater is None or rater.person_id != user.pk:
        return denied("Only those who were asked rate in this round.")
    if not roles.sees(user, held.system_id):
        return denied("You have no role in this system any more.")
    return ALLOWED


def may_erase_rater(user: User, rater: Rater) -> Decision:
    """Take out who somebody outside was; what they said of the harms stays."""
    return ALLOWED if roles.holds(user, Role.ADMINISTRATOR) else denied("Only an administrator can take out who somebody was.")


def may_set_appetite(user: User, system: AISystem | None) -> Decision:
    if roles.holds(user, Role.RISK_MANAGER, scope_id=system.pk if system else None):
        return ALLOWED
    return denied("Only a risk manager can say how much risk is borne.")


def may_carry_scores_over(user: User, system: AISystem) -> Decision:
    """Bring scores that were given on an older scale to the current one."""
    return may_open_round(user, system)


def may_load_catalogue(user: User) -> Decision:
    if user.kind == UserKind.SYSTEM or roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only an administrator can change the reference data.")


# --- Red-team campaigns ---
def may_write_campaign(user: User, campaign: Campaign) -> Decision:
    """The charter and who is invited."""
    return system_policies.may_act_in(user, campaign.system)


def may_lead_campaign(user: User, campaign: Campaign) -> Decision:
    """Let it begin, let it go on, close it."""
    return system_policies.may_manage(user, campaign.system)


def may_delete_transcripts(user: User) -> Decision:
    return ALLOWED if user.kind == UserKind.SYSTEM else denied("The portal deletes transcripts by itself once their time is over.")


def may_pause_campaign(user: User, campaign: Campaign) -> Decision:
    """Whoever takes part may stop it: a stop rule is of use when everybody can pull it."""
    if roles.holds(user, *PROBES_IN_SYSTEM, scope_id=campaign.system_id):
        return ALLOWED
    return denied("Only the system's people, its red teamers, a risk manager or an administrator can pause a campaign.")


def may_be_tester(person: User, system: AISystem) -> Decision:
    if person.kind != UserKind.PERSON or not roles.holds(person, *PROBES_IN_SYSTEM, scope_id=system.pk):
        return denied("Only people who are red teamers, contributors or owners of this system, risk managers or administrators can be testers.")
    return ALLOWED


def may_read_probes(user: User, campaign: Campaign) -> Decision:
    """See what testers sent and what came back."""
    if roles.holds(user, *READS_PROBES, scope_id=campaign.system_id):
        return ALLOWED
    return denied("What testers send may be harmful to read. Only the system's own people, its red teamers, risk managers, auditors and administrators see it.")


def may_probe(user: User, campaign: Campaign, tester: Tester | None) -> Decision:
    """Hold sessions in this campaign: invited, after consent, and while the role that it takes lasts."""
    if tester is None or tester.removed_at is not None:
        return denied("Only testers who were invited to this campaign can probe in it.")
    if tester.consented_at is None:
        return denied("Read the content warning first, and say that you take part.")
    if tester.opted_out_at is not None:
        return denied("You opted out of this campaign. You can take part again by consenting anew.")
    if tester.warning_digest != campaign.warning_digest:
        return denied("The content warning changed. Read it again, and say that you take part.")
    if campaign.system.stage == Stage.RETIRED:
        return denied(system_policies.RETIRED)
    return may_be_tester(user, campaign.system)


def may_send(user: User, session: ProbeSession) -> Decision:
    return ALLOWED if user.pk == session.tester_id else denied("This is somebody else's session. Start one of your own.")


def may_end_session(user: User, session: ProbeSession) -> Decision:
    if user.kind == UserKind.SYSTEM or user.pk == session.tester_id:
        return ALLOWED
    return system_policies.may_act_in(user, session.campaign.system)


def may_sweep_probes(user: User) -> Decision:
    return ALLOWED if user.kind == UserKind.SYSTEM else denied("The portal looks after lost probes by itself.")


def may_report_finding(user: User, campaign: Campaign) -> Decision:
    if campaign.system.stage == Stage.RETIRED:
        return denied(system_policies.RETIRED)
    if roles.holds(user, *PROBES_IN_SYSTEM, scope_id=campaign.system_id):
        return ALLOWED
    return denied("Only red teamers, the system's owner and contributors, a risk manager or an administrator can report a finding.")


def may_replay(user: User, finding: Finding) -> Decision:
    """Ask the deployment again and say what came of it."""
    return may_report_finding(user, finding.campaign)


def may_triage(user: User, finding: Finding) -> Decision:
    """Give a second opinion and decide: never who found it."""
    if user.pk == finding.created_by_id:
        return denied("You found this, so somebody else has to look at it.")
    if user.kind != UserKind.PERSON:
        return denied("A finding is looked at by a person.")
    return system_policies.may_act_in(user, finding.system)


def may_deliver(user: User, session: ProbeSession) -> Decision:
    """Make the call behind a turn that its tester sent: the tester's browser, or a worker of the portal."""
    return ALLOWED if user.kind == UserKind.SYSTEM else may_send(user, session)
