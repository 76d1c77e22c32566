"""Writing to the ledger. Actions call `record` or `apply_changes` inside their transaction: no change without its row, no row without its change."""

from __future__ import annotations

import datetime
import hashlib
import json
import secrets
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction

from raiportal.accounts.models import Scope, User
from raiportal.audit.models import Entry, Payload

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
    scope_id = _scope_id(subject) if scope is None else scope.pk if isinstance(scope, Scope) else scope
    entry, body = _entry(action, actor, scope_id, {"changes": changes or {}, "reason": reason, "details": details})
    entry.subject_kind = subject._meta.label_lower
    entry.subject_id = subject.pk
    entry.subject_label = str(subject)[:200]
    return _save(entry, body)


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
    entry, body = _entry("refused", actor, scope_id, {"changes": {}, "reason": why, "details": {}})
    entry.subject_kind = "address"
    entry.subject_label = what[:200]
    entry.refusal_key = f"{actor.pk if actor else 0}:{hashlib.sha256(what.encode()).hexdigest()[:32]}:{at:%Y%m%d%H%M}"
    try:
        with transaction.atomic():
            _save(entry, body)
    except IntegrityError:
        return  # noted already within this minute


def payload_digest(salt: str, body: dict[str, Any]) -> str:
    """SHA-256 of the salt and the payload as canonical JSON."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, cls=DjangoJSONEncoder)
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def _entry(action: str, actor: User | None, scope_id: int | None, body: dict[str, Any]) -> tuple[Entry, Payload]:
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


def _scope_id(subject: models.Model) -> int | None:
    for name in ("audit_scope_id", "system_id", "scope_id"):
        if hasattr(subject, name):
            value: int | None = getattr(subject, name)
            return value
    return None


def _plain(value: Any) -> Any:
    return {"id": value.pk, "label": str(value)[:200]} if isinstance(value, models.Model) else value
