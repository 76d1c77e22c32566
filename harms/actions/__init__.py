"""Every change to impact assessments, red-team campaigns, the harm register and the reference data that it is scored on."""

from __future__ import annotations

from harms.actions.appetite import set_appetite
from harms.actions.assessments import (
    add_impact,
    answer_question,
    close_assessment,
    discard_assessment,
    edit_impact,
    propose_from_impact,
    remove_impact,
    start_assessment,
)
from harms.actions.baselines import digest_of, make_baseline
from harms.actions.bulk import MOST_AT_ONCE, edit_harms
from harms.actions.campaigns import (
    add_campaign,
    add_objective,
    change_retention,
    close_campaign,
    discard_campaign,
    edit_campaign,
    pause_campaign,
    resume_campaign,
    start_campaign,
)
from harms.actions.candidates import accept_candidate, add_candidate, dismiss_candidate, link_candidate, reopen_candidate
from harms.actions.catalogue import apply_acceptance_rules, apply_categories, apply_scale
from harms.actions.findings import confirm_as_new_harm, confirm_finding, dismiss_finding, give_opinion, mark_duplicate, reopen_finding, report_finding
from harms.actions.importing import confirm_upload, discard_upload, drop_old_uploads, import_harms, preview_import, preview_upload
from harms.actions.library import dismiss_offer, propose_from_library, take_back_dismissal, words_of_entry
from harms.actions.merging import merge_harms
from harms.actions.outside_ratings import SentLink, erase_outside, find_open, invite_outside, keep_drafts, revoke_outside, send_ratings
from harms.actions.probe_calls import deliver_turn, sweep_probes
from harms.actions.probing import add_transcript, end_session, mark_turn, open_session, send_again, send_turn, start_session
from harms.actions.ratings import Answer, ask_raters, close_due_rounds, close_round, open_round, rate, record_consensus
from harms.actions.register import assess_harm, edit_harm, propose_harm, record_risk_point
from harms.actions.replays import judge_replay, play_replay, start_replays
from harms.actions.scales import carried, carry_scores_over
from harms.actions.testers import consent, invite_tester, opt_out, remove_tester
from harms.actions.transcript_retention import delete_old_transcripts
from harms.actions.treatment import (
    ACCEPTING,
    REVIEW,
    TREATMENT,
    carry_out_acceptance,
    carry_out_end_of_acceptance,
    record_review,
    reopen_harm,
    resolve_harm,
    review_by_score,
    schedule_review,
    set_treatment,
)

__all__ = [
    "ACCEPTING",
    "MOST_AT_ONCE",
    "REVIEW",
    "TREATMENT",
    "Answer",
    "SentLink",
    "accept_candidate",
    "add_campaign",
    "add_candidate",
    "add_impact",
    "add_objective",
    "add_transcript",
    "answer_question",
    "apply_acceptance_rules",
    "apply_categories",
    "apply_scale",
    "ask_raters",
    "assess_harm",
    "carried",
    "carry_out_acceptance",
    "carry_out_end_of_acceptance",
    "carry_scores_over",
    "change_retention",
    "close_assessment",
    "close_campaign",
    "close_due_rounds",
    "close_round",
    "confirm_as_new_harm",
    "confirm_finding",
    "confirm_upload",
    "consent",
    "delete_old_transcripts",
    "deliver_turn",
    "digest_of",
    "discard_assessment",
    "discard_campaign",
    "discard_upload",
    "dismiss_candidate",
    "dismiss_finding",
    "dismiss_offer",
    "drop_old_uploads",
    "edit_campaign",
    "edit_harm",
    "edit_harms",
    "edit_impact",
    "end_session",
    "erase_outside",
    "find_open",
    "give_opinion",
    "import_harms",
    "invite_outside",
    "invite_tester",
    "judge_replay",
    "keep_drafts",
    "link_candidate",
    "make_baseline",
    "mark_duplicate",
    "mark_turn",
    "merge_harms",
    "open_round",
    "open_session",
    "opt_out",
    "pause_campaign",
    "play_replay",
    "preview_import",
    "preview_upload",
    "propose_from_impact",
    "propose_from_library",
    "propose_harm",
    "rate",
    "record_consensus",
    "record_review",
    "record_risk_point",
    "remove_impact",
    "remove_tester",
    "reopen_candidate",
    "reopen_finding",
    "reopen_harm",
    "report_finding",
    "resolve_harm",
    "resume_campaign",
    "review_by_score",
    "revoke_outside",
    "schedule_review",
    "send_again",
    "send_ratings",
    "send_turn",
    "set_appetite",
    "set_treatment",
    "start_assessment",
    "start_campaign",
    "start_replays",
    "start_session",
    "sweep_probes",
    "take_back_dismissal",
    "words_of_entry",
]
