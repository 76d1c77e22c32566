"""`docs/permissions.md`: the table of access as people read it."""

from __future__ import annotations

from tests.project.access import DOORS, Answer, Door, Who

COLUMNS = (
    (Who.ADMINISTRATOR, "Administrator"),
    (Who.RISK_MANAGER, "Risk manager"),
    (Who.AUDITOR, "Auditor"),
    (Who.OWNER, "Owner"),
    (Who.VIEWER, "Viewer"),
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

Who may do what. Written from `tests/project/access.py` by `python -m tests.project.write_docs`; a test compares, and another tries every line as every role.

**yes**: may do it. **no**: may know of it, is refused with the reason, and the refusal is recorded. **–**: learns nothing; the answer is that of an
id that doesn't exist. Empty: has to sign in first. Owner and viewer mean a role in the system that the object belongs to; a list shows each person what
they may see of it. A token does what its owner may do, in the systems it is limited to; a read-only token changes nothing. Everything else is refused:
an address that the table doesn't list fails the tests.
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
