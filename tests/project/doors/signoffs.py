"""The doors of sign-offs."""

from __future__ import annotations

import datetime

from tests.project.door import (
    READS_EVERYTHING,
    READS_S1,
    SIGNED_IN,
    TOLD,
    Arguments,
    Who,
    a_change,
    a_page,
    acts,
    api_add,
    api_change,
    api_list,
    by_pk,
    reads,
    why,
)

ASKED = by_pk(lambda world: world.s1.sign_off_request, "request_id")
APPROVED = by_pk(lambda world: world.s1.approved_sign_off, "request_id")
SIGNS = frozenset({Who.RISK_MANAGER})  # the one role that an impact assessment without a sensitive use needs
VERDICT: Arguments = lambda world: {  # noqa: E731 (one of many)
    "way": "risk_manager",
    "verdict": "approve",
    "reason": "Read it.",
    "seen": world.s1.sign_off_request.digest,
}
TODAY = datetime.datetime.now(datetime.UTC).date()
STAND_IN: Arguments = lambda world: {  # noqa: E731 (one of many)
    "person": world.s1.stand_in.person.username,
    "for_person": world.s1.owner.username,  # asked of administrators alone
    "from_on": TODAY.isoformat(),
    "until_on": (TODAY + datetime.timedelta(days=9)).isoformat(),
    "reason": "Away.",
}
API_STAND_IN: Arguments = lambda world: {name: value for name, value in STAND_IN(world).items() if name != "for_person"}  # noqa: E731 (one of many)
SEES_STAND_IN = READS_EVERYTHING | {Who.OWNER, Who.READING_TOKEN}
SIGN_OFFS = [
    a_page("Sign-offs", "See what was asked for", "sign-off-list", SIGNED_IN),
    a_page("Sign-offs", "Take the list away", "sign-off-export", SIGNED_IN, at=lambda world: {"format": "csv"}),
    acts(
        *("Sign-offs", "Ask for a sign-off", "sign-off-ask"),
        lambda world: {"kind": "harms.assessment", "subject_id": world.s1.unsigned_assessment.pk},
        f"sign_off_request {TOLD}",
    ),
    reads("Sign-offs", "Read what is signed", "sign-off-request", ASKED),
    a_change("Sign-offs", "Sign", "sign-off-sign", SIGNS, f"sign_off sign_off_request {TOLD}", knows=READS_S1, at=ASKED, sent=VERDICT),
    a_change(*("Sign-offs", "Withdraw a request", "sign-off-withdraw", SIGNS | {Who.OWNER}, f"sign_off_request {TOLD}"), knows=READS_S1, at=ASKED, sent=why),
    a_change("Sign-offs", "Revoke an approval", "sign-off-revoke", SIGNS, f"sign_off_request deadline {TOLD}", knows=READS_S1, at=APPROVED, sent=why),
    a_change(
        *("Sign-offs", "Say that a condition is met", "condition-meet", frozenset({Who.OWNER}), f"sign_off_condition deadline {TOLD}"),
        knows=READS_S1,
        at=by_pk(lambda world: world.s1.open_condition, "condition_id"),
        sent=lambda world: {"note": "It is measured."},
    ),
    a_change(
        *("Sign-offs", "Look at a condition that is said to be met", "condition-confirm", SIGNS, f"sign_off_condition deadline {TOLD}"),
        knows=READS_S1,
        at=by_pk(lambda world: world.s1.met_condition, "condition_id"),
        sent=lambda world: {"is_met": "yes", "note": "Seen."},
    ),
    a_page("Sign-offs", "See stand-ins", "stand-in-list", SIGNED_IN),
    a_page("Sign-offs", "Take the list of stand-ins away", "stand-in-export", SIGNED_IN, at=lambda world: {"format": "csv"}),
    a_page("Sign-offs", "Open the form that names a stand-in", "stand-in-add", SIGNED_IN),
    a_change("Sign-offs", "Name a stand-in", "stand-in-add", SIGNED_IN, f"stand_in {TOLD}", sent=STAND_IN),
    a_change(
        *("Sign-offs", "End a stand-in's time", "stand-in-end", frozenset({Who.ADMINISTRATOR, Who.OWNER}), f"stand_in {TOLD}"),
        knows=READS_EVERYTHING | {Who.OWNER},
        at=by_pk(lambda world: world.s1.stand_in, "stand_in_id"),
        sent=why,
    ),
]
API_ASKED = by_pk(lambda world: world.s1.sign_off_request)
API_APPROVED = by_pk(lambda world: world.s1.approved_sign_off)
API_OPEN = by_pk(lambda world: world.s1.open_condition)
API_MET = by_pk(lambda world: world.s1.met_condition)
CONDITION = f"sign_off_condition deadline {TOLD}"
SIGN_OFFS_API = [
    api_list("API: sign-offs", "List what was asked for", "sign-off-request"),
    reads("API: sign-offs", "Read what is signed", "api-sign-off-request-detail", API_ASKED),
    api_add(
        *("API: sign-offs", "Ask for a sign-off", "sign-off-request", f"sign_off_request {TOLD}"),
        lambda world: {"kind": "harms.assessment", "subject": world.s1.unsigned_assessment.pk},
    ),
    api_change(
        *("API: sign-offs", "Sign", "sign-off-request-sign", API_ASKED, f"sign_off sign_off_request {TOLD}"),
        lambda world: {"role": "risk_manager", "verdict": "approve", "reason": "Read it.", "seen": world.s1.sign_off_request.digest},
        may=SIGNS,
        status=201,
    ),
    api_change(*("API: sign-offs", "Withdraw a request", "sign-off-request-withdraw", API_ASKED, f"sign_off_request {TOLD}", why), may=SIGNS | {Who.OWNER}),
    api_change("API: sign-offs", "Revoke an approval", "sign-off-request-revoke", API_APPROVED, f"sign_off_request deadline {TOLD}", why, may=SIGNS),
    api_list("API: sign-offs", "List stand-ins", "stand-in"),
    a_page(
        *("API: sign-offs", "Read a stand-in", "api-stand-in-detail", SEES_STAND_IN),
        knows=SEES_STAND_IN,
        at=by_pk(lambda world: world.s1.stand_in),
    ),
    a_change("API: sign-offs", "Name a stand-in", "api-stand-in-list", SIGNED_IN, f"stand_in {TOLD}", sent=API_STAND_IN, status=201),
    a_change(
        *("API: sign-offs", "End a stand-in's time", "api-stand-in-end", frozenset({Who.ADMINISTRATOR, Who.OWNER}), f"stand_in {TOLD}"),
        knows=SEES_STAND_IN,
        at=by_pk(lambda world: world.s1.stand_in),
        sent=why,
        status=200,
    ),
    api_list("API: sign-offs", "List conditions", "condition"),
    reads("API: sign-offs", "Read a condition", "api-condition-detail", API_OPEN),
    api_change(
        *("API: sign-offs", "Say that a condition is met", "condition-meet", API_OPEN, CONDITION),
        lambda world: {"note": "It is measured."},
        may=frozenset({Who.OWNER}),
    ),
    api_change(
        *("API: sign-offs", "Confirm that a condition is met", "condition-confirm", API_MET, CONDITION),
        lambda world: {"note": "Seen.", "is_met": True},
        may=SIGNS,
    ),
]
