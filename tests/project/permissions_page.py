"""`docs/permissions.md`: the table of access as people read it."""

from __future__ import annotations

from tests.project.access import DOORS
from tests.project.door import Answer, Door, Who

COLUMNS = (
    (Who.ADMINISTRATOR, "Administrator"),
    (Who.RISK_MANAGER, "Risk manager"),
    (Who.AUDITOR, "Auditor"),
    (Who.ORGANISATION_RESPONDER, "Incident responder (organisation)"),
    (Who.EXECUTIVE, "Executive"),
    (Who.FEEDBACK_HANDLER, "Feedback handler"),
    (Who.OWNER, "Owner"),
    (Who.CONTRIBUTOR, "Contributor"),
    (Who.RED_TEAMER, "Red teamer"),
    (Who.REVIEWER, "Reviewer"),
    (Who.SCOPE_RESPONDER, "Incident responder (system)"),
    (Who.VIEWER, "Viewer"),
    (Who.LABELLER, "Labeller"),
    (Who.FOREIGNER, "Owner of another system"),
    (Who.NOBODY, "No role"),
    (Who.ANONYMOUS, "Not signed in"),
)
WORDS = {
    Answer.DONE: "yes",
    Answer.DENIED: "no",
    Answer.HIDDEN: "–",
    Answer.UNKNOWN_ID: "–",
    Answer.SIGN_IN: "",
}
INTRODUCTION = """# Permissions

Who may do what. Written from `tests/project/doors/` by `python -m tests.project.write_docs`; a test compares, and another tries every line as every role.

**yes**: may do it. **no**: may know of it, is refused with the reason, and the refusal is recorded. **–**: learns nothing; the answer is that of an
id that doesn't exist. Empty: has to sign in first. Owner, contributor, red teamer, reviewer, viewer, labeller and the second incident
responder mean a role in the system that the object belongs to; a list shows each person what they may see of it. Executives, feedback
handlers and a system's labellers know of systems and read their overviews, without what lies behind them.

A token does what its owner may do, in the systems it is limited to. Its ability narrows that further: *read* changes nothing, *register*
changes systems and harms alone, *measure* what is measured alone, *metrics* reads the portal's operating figures and nothing else. Service
accounts hold roles as people do and come with tokens alone. A role whose end has passed, a role that was taken and an account that is kept out
are gone at the next request; what such a person had queued stops as decision 14 says. Everything else is refused: an address that the table
doesn't list fails the tests.
"""


def page() -> str:
    areas: dict[str, list[Door]] = {}
    for door in DOORS:
        areas.setdefault(door.area, []).append(door)
    return INTRODUCTION + "".join(_area(name, doors) for name, doors in areas.items())


def _area(name: str, doors: list[Door]) -> str:
    head = " | ".join(label for _, label in COLUMNS)
    lines = ["", f"## {name}", "", f"| What | Address | {head} |", f"| --- | --- |{' --- |' * len(COLUMNS)}"]
    return "\n".join([*lines, *map(_line, doors)]) + "\n"


def _line(door: Door) -> str:
    cells = " | ".join(WORDS[door.answer_to(who)] for who, _ in COLUMNS)
    return f"| {door.what} | `{door.method} {door.name}` | {cells} |"
