"""The doors of what is decided about harms: treatment, reviews, merging, baselines, candidates, known harms, flags."""

from __future__ import annotations

from tests.project.door import (
    ACTS_IN_S1,
    READS_S1,
    Answer,
    Arguments,
    Door,
    a_change,
    a_form,
    acts,
    api_add,
    api_change,
    api_list,
    by_pk,
    reads,
    why,
)
from tests.project.doors.harms import API_HARM, HARM
from tests.project.doors.systems import SYSTEM

RESOLVED = by_pk(lambda world: world.s1.resolved_harm, "harm_id")
BASELINE = by_pk(lambda world: world.s1.baseline, "baseline_id")
CANDIDATE = by_pk(lambda world: world.s1.candidate, "candidate_id")
DECIDED = by_pk(lambda world: world.s1.dismissed_candidate, "candidate_id")
DISMISSAL = by_pk(lambda world: world.s1.dismissal, "dismissal_id")
ANOTHER_ENTRY = "sycophancy"
TREATED: Arguments = lambda world: {"treatment": "mitigate", "words": "A person reads every answer."}  # noqa: E731 (one of several)
MERGING: Arguments = lambda world: {"into": world.s1.harm.pk, "reason": "One harm."}  # noqa: E731 (one of several)
SEEN: Arguments = lambda world: {"title": "Named a guest", "summary": "In the third answer."}  # noqa: E731 (one of several)


def _file(name: str) -> Arguments:
    return lambda world: {name: getattr(world.s1, name.removesuffix("_id")).pk, "format": "csv"}


DECISIONS = [
    a_form("Harms", "Open the form of its treatment", "harm-treatment", HARM),
    acts("Harms", "Say how it is treated", "harm-treatment", HARM, "harm", sent=TREATED),
    a_form("Harms", "Open the form of a review", "harm-review", HARM),
    acts("Harms", "Review a harm", "harm-review", HARM, "harm deadline", sent=lambda world: {"note": "Read ten answers."}),
    acts("Harms", "Resolve a harm", "harm-resolve", HARM, "harm", sent=why),
    acts("Harms", "Reopen a harm", "harm-reopen", RESOLVED, "harm", sent=why),
    a_form("Harms", "Open the form of a merge", "harm-merge", HARM),
    acts(
        *("Harms", "Merge a harm into another", "harm-merge", RESOLVED, "harm"),
        sent=MERGING,
    ),
    reads("Harms", "See what doesn't fit on the register", "harm-flags", SYSTEM),
    reads("Harms", "See known harms to consider", "known-harm-list", SYSTEM),
    acts(
        *("Harms", "Dismiss a known harm", "known-harm-dismiss"),
        lambda world: {"system_id": world.s1.system.pk, "slug": ANOTHER_ENTRY},
        "harm_library_dismissal",
        sent=why,
    ),
    acts("Harms", "Take a dismissal back", "known-harm-take-back", DISMISSAL, "harm_library_dismissal"),
    reads("Harms", "Take what was dismissed away as a file", "dismissal-export", lambda world: {"system_id": world.s1.system.pk, "format": "csv"}),
    reads("Harms", "See the baselines of a register", "baseline-list", SYSTEM),
    reads("Harms", "Take the list of baselines away as a file", "baseline-list-export", lambda world: {"system_id": world.s1.system.pk, "format": "json"}),
    acts("Harms", "Make a baseline", "baseline-add", SYSTEM, "register_baseline", sent=lambda world: {"title": "Before the pilot"}),
    reads("Harms", "Read a baseline", "baseline", BASELINE),
    reads("Harms", "Take a baseline away as a file", "baseline-export", _file("baseline_id")),
    reads("Harms", "Take what differs from it away as a file", "baseline-difference-export", _file("baseline_id")),
    reads("Harms", "See candidates for harms", "candidate-list", SYSTEM),
    reads("Harms", "Take candidates away as a file", "candidate-export", lambda world: {"system_id": world.s1.system.pk, "format": "csv"}),
    reads("Harms", "Open the form for what was seen", "candidate-add", SYSTEM),
    a_change("Harms", "Say what was seen", "candidate-add", READS_S1, "harm_candidate", knows=READS_S1, at=SYSTEM, sent=SEEN),
    reads("Harms", "Read a candidate", "candidate", CANDIDATE),
    reads("Harms", "Go to what a candidate came from", "candidate-origin", DECIDED, status=302),
    acts(
        *("Harms", "Make a harm of a candidate", "candidate-accept", CANDIDATE, "harm harm_candidate"),
        sent=lambda world: {"title": "Names guests", "category": world.s1.harm.category_id, "origin": "model"},
    ),
    acts("Harms", "Link a candidate to a harm", "candidate-link", CANDIDATE, "harm_candidate", sent=lambda world: {"harm": world.s1.harm.pk}),
    acts("Harms", "Dismiss a candidate", "candidate-dismiss", CANDIDATE, "harm_candidate", sent=why),
    acts("Harms", "Look at a candidate again", "candidate-reopen", DECIDED, "harm_candidate", sent=why),
]

API_RESOLVED = by_pk(lambda world: world.s1.resolved_harm)
API_BASELINE = by_pk(lambda world: world.s1.baseline)
API_CANDIDATE = by_pk(lambda world: world.s1.candidate)
API_DECIDED = by_pk(lambda world: world.s1.dismissed_candidate)
API_DISMISSAL = by_pk(lambda world: world.s1.dismissal)
DECISIONS_API = [
    api_change("API: harms", "Say how it is treated", "harm-treat", API_HARM, "harm", TREATED),
    api_change("API: harms", "Review a harm", "harm-review", API_HARM, "harm deadline", lambda world: {"note": "Read ten answers."}),
    api_change("API: harms", "Resolve a harm", "harm-resolve", API_HARM, "harm", why),
    api_change("API: harms", "Reopen a harm", "harm-reopen", API_RESOLVED, "harm", why),
    api_change("API: harms", "Merge a harm into another", "harm-merge", API_RESOLVED, "harm", MERGING),
    reads("API: harms", "See what doesn't fit about a harm", "api-harm-flags", API_HARM),
    api_list("API: harms", "List baselines", "baseline"),
    api_add("API: harms", "Make a baseline", "baseline", "register_baseline", lambda world: {"system": world.s1.system.pk, "title": "Before the pilot"}),
    reads("API: harms", "Read a baseline", "api-baseline-detail", API_BASELINE),
    reads("API: harms", "Read what a baseline keeps", "api-baseline-content", API_BASELINE),
    reads("API: harms", "See what differs from a baseline", "api-baseline-difference", API_BASELINE),
    api_list("API: harms", "List candidates for harms", "harm-candidate"),
    Door(
        *("API: harms", "Say what was seen", "POST", "api-harm-candidate-list", READS_S1, READS_S1),
        sent=lambda world: {"system": world.s1.system.pk, "source": "person", "title": "Named a guest"},
        status=201,
        changes=frozenset({"harm_candidate", "audit_entry", "audit_payload"}),
        stranger=Answer.UNKNOWN_ID,
    ),
    reads("API: harms", "Read a candidate", "api-harm-candidate-detail", API_CANDIDATE),
    api_change(
        *("API: harms", "Make a harm of a candidate", "harm-candidate-accept", API_CANDIDATE, "harm harm_candidate"),
        lambda world: {"title": "Names guests", "category": world.s1.harm.category.slug, "origin": "model"},
        status=201,
    ),
    api_change("API: harms", "Link a candidate to a harm", "harm-candidate-link", API_CANDIDATE, "harm_candidate", lambda world: {"harm": world.s1.harm.pk}),
    api_change("API: harms", "Dismiss a candidate", "harm-candidate-dismiss", API_CANDIDATE, "harm_candidate", why),
    api_change("API: harms", "Look at a candidate again", "harm-candidate-reopen", API_DECIDED, "harm_candidate", why),
    api_list("API: harms", "List dismissed known harms", "known-harm"),
    api_add(
        *("API: harms", "Dismiss a known harm", "known-harm", "harm_library_dismissal"),
        lambda world: {"system": world.s1.system.pk, "entry": ANOTHER_ENTRY, "reason": "It only ranks."},
    ),
    reads("API: harms", "Read a dismissal", "api-known-harm-detail", API_DISMISSAL),
    api_change("API: harms", "Take a dismissal back", "known-harm-take-back", API_DISMISSAL, "harm_library_dismissal"),
    Door(
        *("API: harms", "See what is offered to a system", "GET", "api-known-harm-offers", READS_S1, READS_S1),
        asked=lambda world: {"system": world.s1.system.pk},
        stranger=Answer.UNKNOWN_ID,
    ),
    Door(
        *("API: harms", "Take a known harm over", "POST", "api-known-harm-propose", ACTS_IN_S1, READS_S1),
        sent=lambda world: {"system": world.s1.system.pk, "entry": ANOTHER_ENTRY},
        status=201,
        changes=frozenset({"harm", "audit_entry", "audit_payload"}),
        stranger=Answer.UNKNOWN_ID,
    ),
]
