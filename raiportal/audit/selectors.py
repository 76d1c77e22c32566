"""The ledger as people read it: who did what, in words."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import keys
from raiportal.audit.labels import labelled, labels_of
from raiportal.audit.ledger import REFUSED
from raiportal.audit.models import Entry, Segment, Verification
from raiportal.audit.subjects import subject_kinds

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")  # how a payload keeps moments
DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
SEALED_WITHIN_SECONDS = 300.0  # beat seals every minute and waits 20 s for what is in flight
SEGMENTS_SHOWN = 10
VERIFIED_EVERY = timedelta(days=1)
_KNOWN_ACTIONS = """
with recursive known(action) as (
    (select action from audit_entry order by action limit 1)
    union all select (select e.action from audit_entry e where e.action > k.action order by e.action limit 1) from known k where k.action is not null
) select action from known where action is not null
"""
EXPORTED_AT_ONCE = 500  # rows
LONGEST_VALUE = 120  # characters of a changed value that stands in one line


@dataclass(frozen=True)
class Change:
    """One field before and after, as text; `is_long` texts are to be compared line by line, and are empty where there was nothing."""

    field: str
    before: str
    after: str
    is_long: bool = False


@dataclass(frozen=True)
class Line:
    """One entry ready for a page. `titled`: what the change was about, by its title, where that isn't the object itself."""

    pk: int
    at: datetime
    actor: str
    action: str
    kind: str
    label: str
    changes: list[Change]
    reason: str
    request_id: str
    kind_slug: str = ""
    subject_id: int | None = None
    is_refusal: bool = False
    is_erased: bool = False
    titled: str = ""


def entries(user: User) -> QuerySet[Entry]:
    """Entries that this person may see, newest first, with all that a line needs."""
    return Entry.objects.visible_to(user).select_related("actor", "payload", "scope").order_by("-pk")  # type: ignore[no-any-return]


def no_entries() -> QuerySet[Entry]:
    return Entry.objects.none()  # type: ignore[no-any-return]


def known_actions() -> list[tuple[str, str]]:
    """Every action that the ledger has an entry of, with its words; found by going from one to the next along the index."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN_ACTIONS)
        return sorted(((slug, action_words(slug)) for (slug,) in cursor.fetchall()), key=lambda choice: (choice[1], choice[0]))


def history(kind: str, pk: int, *, most: int) -> list[Line]:
    """The newest `most` lines about one object; whoever may see the object may read them."""
    about = Entry.objects.about(kind, pk).select_related("actor", "payload").order_by("-pk")[:most]
    return lines(about)


def lines(found: Iterable[Entry]) -> list[Line]:
    rows = list(found)
    names = _names(rows)
    return [_line(entry, names) for entry in rows]


@dataclass(frozen=True)
class SealingStatus:
    """How far the ledger is sealed and verified. Ages in seconds; None where there is nothing."""

    entries_unsealed: int
    oldest_unsealed_age_seconds: float | None
    last_sealed_at: datetime | None
    last_segment: int | None
    last_verified_at: datetime | None
    last_verify_ok: bool | None

    @property
    def is_late(self) -> bool:
        """Whether an entry waits for its seal longer than usual: a transaction that stays open, or no beat."""
        return (self.oldest_unsealed_age_seconds or 0) > SEALED_WITHIN_SECONDS


def sealing_status() -> SealingStatus:
    sealed = Segment.objects.order_by("-number").first()
    unsealed = Entry.objects.filter(pk__gt=sealed.last_id if sealed else 0)
    oldest = unsealed.order_by("pk").values_list("at", flat=True).first()
    verified = Verification.objects.order_by("-pk").first()
    return SealingStatus(
        entries_unsealed=unsealed.count(),
        oldest_unsealed_age_seconds=(clocks.now() - oldest).total_seconds() if oldest else None,
        last_sealed_at=sealed.sealed_at if sealed else None,
        last_segment=sealed.number if sealed else None,
        last_verified_at=verified.at if verified else None,
        last_verify_ok=verified.is_ok if verified else None,
    )


def newest_segments() -> list[Segment]:
    return list(Segment.objects.order_by("-number")[:SEGMENTS_SHOWN])


def public_keys_as_text() -> list[str]:
    """The public keys, base64, newest first."""
    return [base64.b64encode(key).decode() for key in keys.public_keys().values()]


def last_verification() -> Verification | None:
    return Verification.objects.order_by("-pk").first()


def is_verification_due(now: datetime) -> bool:
    """Whether nobody has looked at the whole ledger for a day."""
    last = last_verification()
    return last is None or last.at <= now - VERIFIED_EVERY


def segment_of(entry: Entry) -> Segment | None:
    """The segment that seals this entry; None while it waits for its seal."""
    return Segment.objects.filter(first_id__lte=entry.pk, last_id__gte=entry.pk).first()


@dataclass(frozen=True)
class Record:
    """Everything that one entry says. `url` is the object's page, if its reader may see it."""

    line: Line
    url: str
    system: str
    columns: list[tuple[str, str]]
    details: str  # JSON


def record_of(entry: Entry, user: User) -> Record:
    line = lines([entry])[0]
    kind = subject_kinds.get(entry.subject_kind)
    subject = kind.find(entry.subject_id, user) if kind and entry.subject_id else None
    columns = [("Action", entry.action), ("Kind", entry.subject_kind), ("Object's number", str(entry.subject_id or "")), ("Request", entry.request_id)]
    columns += [("API token", str(entry.token_id or "")), ("Digest of the entry", entry.digest), ("Digest of the payload", entry.payload_digest)]
    details = entry.payload.body.get("details") or {}
    return Record(
        line=line,
        url=kind.url(subject) if kind and subject is not None else "",
        system=entry.scope.name if entry.scope else "",
        columns=[(name, value) for name, value in columns if value],
        details=json.dumps(details, indent=2, ensure_ascii=False) if details else "",
    )


EXPORTED = ("id", "at", "actor", "action", "system", "kind", "object", "label", "changes", "reason", "details", "request", "token", "digest")


def exported(rows: QuerySet[Entry]) -> Iterator[dict[str, Any]]:
    """Entries as rows of a file; JSON in `changes` and `details`."""
    for entry in rows.iterator(chunk_size=EXPORTED_AT_ONCE):
        body = entry.payload.body
        yield {
            "id": entry.pk,
            "at": entry.at.isoformat(),
            "actor": entry.actor.username if entry.actor else "",
            "action": entry.action,
            "system": entry.scope.name if entry.scope else "",
            "kind": entry.subject_kind,
            "object": entry.subject_id,
            "label": body.get("subject", ""),
            "changes": json.dumps(body.get("changes", {}), ensure_ascii=False),
            "reason": body.get("reason", ""),
            "details": json.dumps(body.get("details", {}), ensure_ascii=False),
            "request": entry.request_id,
            "token": entry.token_id,
            "digest": entry.digest,
        }


Names = dict[tuple[str, str], Mapping[int, str]]  # by kind and field: what people call rows, by number


def _names(rows: Iterable[Entry]) -> Names:
    """What people call the rows that changed fields hold by number; a query for each kind and field that does."""
    asked: dict[tuple[str, str], set[int]] = {}
    for entry in rows:
        for field, values in entry.payload.body.get("changes", {}).items():
            if numbers := {number for value in values for number in _numbers(value)}:
                asked.setdefault((entry.subject_kind, field), set()).update(numbers)
    resolvers = {(kind, field): found.names.get(field) for kind, field in asked if (found := subject_kinds.get(kind))}
    return {key: resolve(asked[key]) for key, resolve in resolvers.items() if resolve is not None}


def _numbers(value: Any) -> list[int]:
    return [item for item in value if type(item) is int] if isinstance(value, list) else []


def _named(value: Any, names: Mapping[int, str]) -> Any:
    """The list with names in the place of numbers; of a row that is gone the number stays."""
    return [names.get(item, f"no. {item}") if type(item) is int else item for item in value] if names and isinstance(value, list) else value


def _line(entry: Entry, names: Names) -> Line:
    body = entry.payload.body
    title = body.get("details", {}).get("title", "")
    kind = subject_kinds.get(entry.subject_kind)
    return Line(
        pk=entry.pk,
        at=entry.at,
        actor=entry.actor.name if entry.actor else "Nobody signed in",
        action=action_words(entry.action),
        kind=kind.name if kind else entry.subject_kind.rpartition(".")[2],
        label=body.get("subject", ""),
        changes=[
            change
            for field, values in body.get("changes", {}).items()
            for change in _changes(field, *(_in_words(entry.subject_kind, field, value, names) for value in values))
        ],
        reason=body.get("reason", ""),
        request_id=entry.request_id,
        kind_slug=entry.subject_kind if kind else "",
        subject_id=entry.subject_id,
        is_refusal=entry.action == REFUSED,
        is_erased=entry.payload.erased_by_id is not None,
        titled=title if isinstance(title, str) and title not in body.get("subject", "") else "",
    )


def _in_words(kind: str, field: str, value: Any, names: Names) -> Any:
    return labelled(_named(value, names.get((kind, field), {})), labels_of(kind, field))


def action_words(action: str) -> str:
    """ "systems.deployment_switched_off" becomes "Deployment switched off"."""
    return action.rpartition(".")[2].replace("_", " ").capitalize()


def _changes(field: str, before: Any, after: Any) -> Iterator[Change]:
    """What became of one field; of a value that has fields of its own, those that differ."""
    if all(_has_fields(value) or value in (None, "") for value in (before, after)) and (before or after):
        old, new = before or {}, after or {}
        for name in dict.fromkeys([*old, *new]):
            if old.get(name) != new.get(name):
                yield from _changes(name, old.get(name), new.get(name))
        return
    texts = [_text(before), _text(after)]
    if is_long := any(len(text) > LONGEST_VALUE or "\n" in text for text in texts):
        texts = ["" if value in (None, "", []) else text for value, text in zip((before, after), texts, strict=True)]
    yield Change(field.replace("_", " "), texts[0], texts[1], is_long)


def _has_fields(value: Any) -> bool:
    return isinstance(value, dict) and "label" not in value


def _text(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _moment(value) or value
    if isinstance(value, list):
        texts = [_text(item) for item in value]
        return ", ".join(texts) if sum(map(len, texts)) <= LONGEST_VALUE else "\n".join(texts)
    if _has_fields(value):
        return ", ".join(f"{name.replace('_', ' ')} {_text(item)}" for name, item in value.items())
    return str(value["label"]) if isinstance(value, dict) else str(value)


def _moment(text: str) -> str | None:
    """A moment or a day as people write it; None for any other text, and for one that only looks like a date."""
    try:
        if MOMENT.match(text):
            return f"{datetime.fromisoformat(text).astimezone(UTC):%d %b %Y %H:%M UTC}".lstrip("0")
        return f"{datetime.fromisoformat(text):%d %b %Y}".lstrip("0") if DAY.match(text) else None
    except (ValueError, OverflowError):
        return None
