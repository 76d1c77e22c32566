"""Documents that go with a model or a deployment, and people's word that they read them."""

from __future__ import annotations

import datetime
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

from django.db import transaction

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Invalid, StaleSnapshot, WrongState
from systems import policies
from systems.models import Acknowledgement, Deployment, Document, ModelCard

SENTENCES = {
    "title": "Give the document a title.",
    "version": "Say which version this is; a date will do.",
    "address": "Say where the document is.",
}


class Changes(TypedDict, total=False):
    kind: str
    title: str
    address: str
    version: str
    dated_on: datetime.date | None


@transaction.atomic
def add_document(
    *,
    model_card: ModelCard | None = None,
    deployment: Deployment | None = None,
    kind: str,
    title: str,
    address: str,
    version: str,
    dated_on: datetime.date | None = None,
    actor: User,
) -> Document:
    """Attach a document to a model card or to a deployment. `address` is a web address (http or https)."""
    if (model_card is None) == (deployment is None):
        raise Invalid("A document goes with a model card or with a deployment.", field="model_card")
    locked = Deployment.objects.lock(deployment.pk) if deployment else None
    policies.may_change_documents(actor, locked).require()
    fitting = _fitting({"kind": kind, "title": title, "address": address, "version": version, "dated_on": dated_on})
    added = Document(model_card=model_card, deployment=locked, created_by=actor, **fitting)
    require_clean(added)
    added.save(force_insert=True)
    ledger.record("systems.document_added", subject=added, actor=actor, **fitting)
    return added


@transaction.atomic
def edit_document(*, document_id: int, actor: User, **changes: Unpack[Changes]) -> Document:
    """Change what is given. Another version has to be read again by everybody."""
    document = _locked(document_id, actor)
    if document.archived_at is not None:
        raise WrongState("This document is archived. Restore it first.")
    fitting = _fitting(dict(changes))
    now = {name: getattr(document, name) for name in ("kind", "title", "address", "version")}
    require_clean(Document(created_by=actor, **{**now, **fitting}))
    ledger.apply_changes(document, actor=actor, action="systems.document_changed", **fitting)
    return document


@transaction.atomic
def archive_document(*, document_id: int, reason: str, actor: User) -> Document:
    """Nobody is asked to read it any more; who did stays on record."""
    return _move(document_id, True, "systems.document_archived", reason, actor)


@transaction.atomic
def restore_document(*, document_id: int, reason: str, actor: User) -> Document:
    return _move(document_id, False, "systems.document_restored", reason, actor)


@transaction.atomic
def acknowledge_document(*, document_id: int, version: str, actor: User) -> Acknowledgement:
    """Say in one's own name that this version was read and understood; again is once. Raises StaleSnapshot when another version holds by now."""
    document: Document = Document.objects.lock(document_id)
    policies.may_acknowledge(actor, document).require()
    if version != document.version:
        raise StaleSnapshot(f"Version {document.version} holds by now. Read that one.")
    known = Acknowledgement.objects.filter(document=document, version=version, created_by=actor).first()
    if known is not None:
        return known  # type: ignore[no-any-return]
    made = Acknowledgement(document=document, version=version, created_by=actor)
    made.save(force_insert=True)
    ledger.record("systems.document_acknowledged", subject=document, actor=actor, version=version)
    return made


def _locked(document_id: int, actor: User) -> Document:
    document: Document = Document.objects.lock(document_id)
    policies.may_change_documents(actor, document.deployment).require()
    return document


def _move(document_id: int, archive: bool, action: str, reason: str, actor: User) -> Document:
    document = _locked(document_id, actor)
    reason = require_text(reason, field="reason", sentence="Say why.")
    if (document.archived_at is not None) == archive:
        raise WrongState("This document is archived already." if archive else "This document isn't archived.")
    ledger.apply_changes(document, actor=actor, action=action, reason=reason, archived_at=clocks.now() if archive else None)
    return document


def _fitting(given: dict[str, Any]) -> dict[str, Any]:
    fitting = dict(given)
    for name, sentence in SENTENCES.items():
        if name in fitting:
            fitting[name] = require_text(fitting[name], field=name, sentence=sentence)
    if "address" in fitting and not _is_web_address(fitting["address"]):
        raise Invalid("Give a web address that starts with https:// or http://.", field="address")
    return fitting


def _is_web_address(address: str) -> bool:
    """Pages make a link of it, so nothing but a plain web address will do."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(mark.isspace() or not mark.isprintable() for mark in address)
