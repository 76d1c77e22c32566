"""The doors of evidence and comments, tried on a harm."""

from __future__ import annotations

import io

from tests.project.door import (
    ACTS_IN_S1,
    READS_S1,
    Answer,
    Arguments,
    Door,
    Who,
    a_change,
    a_form,
    a_page,
    acts,
    api_add,
    api_change,
    api_list,
    by_pk,
    reads,
    why,
)

ON_HARM: Arguments = lambda world: {"kind": "harms.harm", "pk": world.s1.harm.pk}  # noqa: E731 (one of many)
TAKES_PART = ACTS_IN_S1 | {Who.ORGANISATION_RESPONDER, Who.RED_TEAMER, Who.REVIEWER, Who.SCOPE_RESPONDER}
OWN = frozenset({Who.OWNER})  # whose comment it is
MODERATES = OWN | {Who.ADMINISTRATOR, Who.RISK_MANAGER}
COMMENT = by_pk(lambda world: world.s1.comment, "comment_id")


def _report() -> io.BytesIO:
    file = io.BytesIO(b"What the pilot showed, once more.\n")
    file.name = "pilot.txt"
    return file


EVIDENCE = [
    reads("Evidence", "See the evidence of an object", "evidence-list", ON_HARM),
    reads("Evidence", "Take the list of evidence away as a file", "evidence-export", lambda world: {**ON_HARM(world), "format": "csv"}),
    a_form("Evidence", "Open the form for evidence", "evidence-add", ON_HARM),
    acts("Evidence", "Attach evidence", "evidence-add", ON_HARM, "evidence evidence_file", sent=lambda world: {"file": _report()}, is_multipart=True),
    reads("Evidence", "Take a file away", "evidence-file", by_pk(lambda world: world.s1.evidence, "evidence_id")),
    reads("Evidence", "Go to a live object", "evidence-object", by_pk(lambda world: world.s1.live_evidence, "evidence_id"), status=302),
    acts("Evidence", "Remove evidence", "evidence-remove", by_pk(lambda world: world.s1.evidence, "evidence_id"), "evidence", sent=why),
]
COMMENTS = [
    a_page("Comments", "Open the form for a comment", "comment-add", TAKES_PART, knows=READS_S1, at=ON_HARM),
    a_change("Comments", "Comment", "comment-add", TAKES_PART, "comment", knows=READS_S1, at=ON_HARM, sent=lambda world: {"text": "Seen in the pilot."}),
    reads("Comments", "Read a comment and what it said before", "comment", COMMENT),
    a_page("Comments", "Open the form of one's own comment", "comment-edit", OWN, knows=READS_S1, at=COMMENT),
    a_change(
        *("Comments", "Change one's own comment", "comment-edit", OWN, "comment comment_revision"),
        knows=READS_S1,
        at=COMMENT,
        sent=lambda world: {"text": "Seen twice."},
    ),
    a_change("Comments", "Remove a comment", "comment-remove", MODERATES, "comment comment_revision", knows=READS_S1, at=COMMENT, sent=why),
]
API_EVIDENCE = by_pk(lambda world: world.s1.evidence)
API_COMMENT = by_pk(lambda world: world.s1.comment)
EVIDENCE_API = [
    api_list("API: evidence", "List evidence", "evidence"),
    Door(
        *("API: evidence", "Attach evidence", "POST", "api-evidence-list", ACTS_IN_S1, READS_S1),
        sent=lambda world: {"subject_kind": "harms.harm", "subject_id": world.s1.harm.pk, "file": _report()},
        status=201,
        changes=frozenset({"evidence", "evidence_file", "audit_entry", "audit_payload"}),
        stranger=Answer.UNKNOWN_ID,
        is_multipart=True,
    ),
    reads("API: evidence", "Read about evidence", "api-evidence-detail", API_EVIDENCE),
    reads("API: evidence", "Take a file away", "api-evidence-file", API_EVIDENCE),
    api_change("API: evidence", "Remove evidence", "evidence-remove", API_EVIDENCE, "evidence", why),
]
COMMENTS_API = [
    api_list("API: comments", "List comments", "comment"),
    api_add(
        *("API: comments", "Comment", "comment", "comment"),
        lambda world: {"subject_kind": "harms.harm", "subject_id": world.s1.harm.pk, "text": "Seen in the pilot."},
        may=TAKES_PART,
    ),
    reads("API: comments", "Read a comment", "api-comment-detail", API_COMMENT),
    api_change(
        *("API: comments", "Change one's own comment", "comment-detail", API_COMMENT, "comment comment_revision"),
        lambda world: {"text": "Seen twice."},
        may=OWN,
        method="PATCH",
    ),
    api_change("API: comments", "Remove a comment", "comment-remove", API_COMMENT, "comment comment_revision", why, may=MODERATES),
]
