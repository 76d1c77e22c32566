"""The ledger as people read it: who did what, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.audit.subjects import subject_kinds

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")  # how a payload keeps moments
LONGEST_VALUE = 120  # characters of a changed value that a line shows


@dataclass(frozen=True)
class Change:
    """One field before and after, as text."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """One entry ready for a page."""

    pk: int
    at: datetime
    actor: str
    action: str
    kind: str
    label: str
    changes: list[Change]
    reason: str
    request_id: str


def entries(user: User) -> QuerySet[Entry]:
    """Entries that this person may see, newest first, with all that a line needs."""
    return Entry.objects.visible_to(user).select_related("actor", "payload", "scope").order_by("-pk")  # type: ignore[no-any-return]


def history(kind: str, pk: int, *, most: int) -> list[Line]:
    """The newest `most` lines about one object; whoever may see the object may read them."""
    about = Entry.objects.about(kind, pk).select_related("actor", "payload").order_by("-pk")[:most]
    return lines(about)


def lines(found: Iterable[Entry]) -> list[Line]:
    return [_line(entry) for entry in found]


def _line(entry: Entry) -> Line:
    body = entry.payload.body
    kind = subject_kinds.get(entry.subject_kind)
    return Line(
        pk=entry.pk,
        at=entry.at,
        actor=entry.actor.name if entry.actor else "Nobody signed in",
        action=action_words(entry.action),
        kind=kind.name if kind else entry.subject_kind.rpartition(".")[2],
        label=entry.subject_label,
        changes=[Change(field.replace("_", " "), _text(before), _text(after)) for field, (before, after) in body["changes"].items()],
        reason=body["reason"],
        request_id=entry.request_id,
    )


def action_words(action: str) -> str:
    """ "systems.deployment_switched_off" becomes "Deployment switched off"."""
    return action.rpartition(".")[2].replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and MOMENT.match(value):
        return f"{datetime.fromisoformat(value).astimezone(UTC):%d %b %Y %H:%M UTC}".lstrip("0")
    text = str(value["label"]) if isinstance(value, dict) and "label" in value else str(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
