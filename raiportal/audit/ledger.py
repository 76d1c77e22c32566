"""Writing to the ledger. Actions call `record` or `apply_changes` inside their transaction: no change without its row, no row without its change."""

from __future__ import annotations

import datetime
import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction

from raiportal.accounts.models import Scope, User
from raiportal.audit.models import Entry, Payload

REFUSED = "refused"  # the action of an entry that notes a refusal
LABEL_LENGTH = 200  # characters
ENTRIES_AT_ONCE = 1_000  # of many written together
WRITTEN_WITH_EXPONENT = 1e16  # from here on Python writes a float with an exponent, and numeric gives it back as a whole number
HIDDEN = "(hidden)"  # stands for values of fields that a model lists in `audit_hidden`


def record(
    action: str,
    *,
    subject: models.Model,
    actor: User,
    scope: Scope | int | None = None,
    changes: dict[str, list[Any]] | None = None,
    reason: str = "",
    **details: Any,
) -> Entry:
    """Write one entry. `scope` is taken from the subject (`audit_scope_id`, `system_id` or `scope_id`) unless given.

    `changes` maps a field to its value before and after; `details` holds whatever else explains the act, never prompts, outputs or secrets.
    """
    scope_id = scope_of(subject) if scope is None else scope.pk if isinstance(scope, Scope) else scope
    entry, payload = _entry(action, actor, scope_id, {"subject": str(subject)[:LABEL_LENGTH], "changes": changes or {}, "reason": reason, "details": details})
    entry.subject_kind = subject._meta.label_lower
    entry.subject_id = subject.pk
    return _save(entry, payload)


def record_many(action: str, *, subjects: Sequence[models.Model], actor: User, details: Callable[[Any], dict[str, Any]], reason: str = "") -> None:
    """One entry for each of many subjects, written in a few statements; `details` gives what explains the act for one of them."""
    written: list[tuple[Entry, Payload]] = []
    for subject in subjects:
        body = {"subject": str(subject)[:LABEL_LENGTH], "changes": {}, "reason": reason, "details": details(subject)}
        entry, payload = _entry(action, actor, scope_of(subject), body)
        entry.subject_kind, entry.subject_id = subject._meta.label_lower, subject.pk
        written.append((entry, payload))
    Entry.objects.bulk_create([entry for entry, _ in written], batch_size=ENTRIES_AT_ONCE)
    for entry, payload in written:
        payload.entry = entry
    Payload.objects.bulk_create([payload for _, payload in written], batch_size=ENTRIES_AT_ONCE)


def apply_changes(subject: models.Model, *, actor: User, action: str, reason: str = "", **fields: Any) -> dict[str, list[Any]]:
    """Set those of `fields` that differ, save just them and write one entry with before and after. Returns the changes; {} means nothing was done.

    The caller holds a lock on the row. Fields named in the model's `audit_hidden` are recorded as changed, without their values.
    """
    hidden = getattr(subject, "audit_hidden", ())
    changes: dict[str, list[Any]] = {}
    for name, value in fields.items():
        before = getattr(subject, name)
        if before != value:
            setattr(subject, name, value)
            changes[name] = [HIDDEN, HIDDEN] if name in hidden else [_plain(before), _plain(value)]
    if changes:
        stamp = ["updated_at"] if any(field.name == "updated_at" for field in subject._meta.fields) else []
        subject.save(update_fields=[*changes, *stamp])
        record(action, subject=subject, actor=actor, changes=changes, reason=reason)
    return changes


def record_refusal(*, actor: User | None, what: str, why: str, at: datetime.datetime, scope_id: int | None = None) -> None:
    """Note that somebody was refused; once for each person, object and minute. Called after the refused change was rolled back."""
    entry, payload = _entry(REFUSED, actor, scope_id, {"subject": what[:LABEL_LENGTH], "changes": {}, "reason": why, "details": {}})
    entry.subject_kind = "address"
    entry.refusal_key = f"{actor.pk if actor else 0}:{hashlib.sha256(what.encode()).hexdigest()[:32]}:{at:%Y%m%d%H%M}"
    try:
        with transaction.atomic():
            _save(entry, payload)
    except IntegrityError:
        return  # noted already within this minute


def payload_digest(salt: str, body: dict[str, Any]) -> str:
    """SHA-256 of the salt and the payload as canonical JSON."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def as_kept(body: dict[str, Any]) -> dict[str, Any]:
    """The payload as the database gives it back: names of fields are text, moments too, and a number is what PostgreSQL's numeric makes of it."""
    return json.loads(json.dumps(body, cls=DjangoJSONEncoder), parse_float=_number)  # type: ignore[no-any-return]


def _number(text: str) -> float | int:
    value = float(text)
    if value == 0:
        return 0.0  # numeric knows no minus zero
    return int(Decimal(text)) if abs(value) >= WRITTEN_WITH_EXPONENT else value


def _entry(action: str, actor: User | None, scope_id: int | None, given: dict[str, Any]) -> tuple[Entry, Payload]:
    body = as_kept(given)
    context = structlog.contextvars.get_contextvars()
    salt = secrets.token_hex(16)
    entry = Entry(
        action=action,
        actor=actor,
        scope_id=scope_id,
        request_id=str(context.get("request_id", ""))[:64],
        token_id=context.get("token_id"),
        payload_digest=payload_digest(salt, body),
    )
    return entry, Payload(salt=salt, body=body)


def _save(entry: Entry, payload: Payload) -> Entry:
    entry.save(force_insert=True)
    payload.entry = entry
    payload.save(force_insert=True)
    return entry


def scope_of(subject: models.Model) -> int | None:
    """The id of the scope that an object belongs to; None for the organisation."""
    for name in ("audit_scope_id", "system_id", "scope_id"):
        if hasattr(subject, name):
            value: int | None = getattr(subject, name)
            return value
    return None


def _plain(value: Any) -> Any:
    return {"id": value.pk, "label": str(value)[:200]} if isinstance(value, models.Model) else value
