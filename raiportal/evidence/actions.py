"""Attaching evidence to an object, taking it away, relying on it, and deleting files that nothing needs any more."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, models, transaction

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.audit.subjects import subject_kinds
from raiportal.checks import require_clean, require_text
from raiportal.errors import Conflict, Invalid, Missing
from raiportal.evidence import media_types, policies, selectors, storage
from raiportal.evidence.enums import EvidenceKind
from raiportal.evidence.errors import ReliedOn
from raiportal.evidence.models import Evidence, EvidenceUse, StoredFile
from raiportal.evidence.subjects import evidence_followers
from raiportal.uploads import stored_file_name

LEFT_OVER = datetime.timedelta(hours=1)  # after which a file without a row can't be on its way in any more
KEPT_AFTER_REMOVAL = datetime.timedelta(days=1)  # longer than a backup takes, so that no backup misses a file
RELIED_ON = "Something relied on this, so it stays. Add what is newer beside it."
TITLE_CHARACTERS = 160
LONGEST_NOTE = 2_000  # characters


@transaction.atomic
def add_file(*, subject: models.Model, upload: UploadedFile, title: str = "", note: str = "", actor: User) -> Evidence:
    """Keep a file as evidence; without a title it is called as the file is. Raises PolicyDenied, Invalid, NoRoom, Unavailable; nothing is kept then."""
    policies.may_add(actor, subject).require()
    name = stored_file_name(upload.name or "")
    if upload.size is None or upload.size > settings.EVIDENCE_MAX_BYTES:
        raise Invalid(f"The file is larger than {settings.EVIDENCE_MAX_BYTES // 1024**2:,} MB.", field="file", code="too_large")
    if upload.size == 0:
        raise Invalid("The file is empty.", field="file")
    content = cast("BinaryIO", upload.file)
    media_type = media_types.media_type_of(name, content)
    file = _keep(ledger.scope_of(subject), content, upload.size)
    row = Evidence(kind=EvidenceKind.FILE, title=title.strip() or name[:TITLE_CHARACTERS], note=note, file=file, file_name=name, media_type=media_type)
    return _attach(row, subject, actor)


@transaction.atomic
def add_link(*, subject: models.Model, url: str, title: str = "", note: str = "", actor: User) -> Evidence:
    """Add an address as evidence. Only the address is kept, not what stands there. Raises PolicyDenied, Invalid."""
    policies.may_add(actor, subject).require()
    address = _address(url)
    row = Evidence(kind=EvidenceKind.LINK, title=title.strip() or address[:TITLE_CHARACTERS], note=note, url=address)
    return _attach(row, subject, actor)


@transaction.atomic
def add_object(*, subject: models.Model, object_kind: str, object_id: int, title: str = "", note: str = "", actor: User) -> Evidence:
    """Add an object of the portal as evidence, as it is at each moment. Raises PolicyDenied; Invalid for one of another system or that nobody showed them."""
    policies.may_add(actor, subject).require()
    kind = subject_kinds.get(object_kind)
    found = kind.find(object_id, actor) if kind else None
    if found is None or ledger.scope_of(found) not in {ledger.scope_of(subject), None}:
        raise Invalid("There is none with this id that you may use.", field="object_id")
    row = Evidence(kind=EvidenceKind.OBJECT, title=title.strip() or str(found)[:TITLE_CHARACTERS], note=note, object_kind=object_kind, object_id=found.pk)
    return _attach(row, subject, actor)


@transaction.atomic
def remove(*, evidence_id: int, reason: str, actor: User) -> Evidence:
    """Take evidence away; that it was there stays known. Raises PolicyDenied, Missing, Invalid, Conflict, and ReliedOn while something relied on it."""
    row: Evidence = Evidence.objects.lock(evidence_id)
    subject = selectors.subject_behind(row)
    if subject is None:
        raise Missing("This isn't there any more.")
    policies.may_add(actor, subject).require()
    given = require_text(reason, field="reason", sentence="Say why.")
    if row.removed_at is not None:
        raise Conflict("This was removed already.", code="removed_already")
    if EvidenceUse.objects.filter(evidence=row).exists():
        raise ReliedOn(RELIED_ON)
    row.removed_at, row.removed_by, row.removed_reason = clocks.now(), actor, given
    require_clean(row)
    row.save(update_fields=["removed_at", "removed_by", "removed_reason"])
    ledger.record("evidence.evidence_removed", subject=subject, actor=actor, reason=given, evidence=row.pk, title=row.title)
    return row


@transaction.atomic
def use(evidence_ids: Iterable[int], *, by: models.Model) -> None:
    """Note that `by` relied on this evidence, which from then on stays. The caller's own entry in the ledger tells who did. Raises Conflict."""
    wanted = sorted(set(evidence_ids))
    standing = Evidence.objects.standing().filter(pk__in=wanted).select_for_update(no_key=True).order_by("pk")
    if len(standing) != len(wanted):
        raise Conflict("Some of the evidence was removed meanwhile. Load the page again.", code="evidence_removed")
    uses = [EvidenceUse(evidence_id=pk, used_by_kind=by._meta.label_lower, used_by_id=by.pk) for pk in wanted]
    EvidenceUse.objects.bulk_create(uses, ignore_conflicts=True)


def drop_unneeded_files(*, actor: User) -> int:
    """Delete contents that only removed evidence had, a day after its removal, and leftovers of uploads that failed. Returns how many."""
    policies.may_drop_files(actor).require()
    now = clocks.now()
    removed = StoredFile.objects.filter(deleted_at=None).exclude(pk__in=_needed(now).values("file"))
    dropped = sum(_drop_content(pk, now, actor) for pk in list(removed.values_list("pk", flat=True)))
    return dropped + sum(_drop_leftover(path, now) for path in storage.stored_paths())


def _needed(now: datetime.datetime) -> Any:
    """Evidence whose file stays: what stands, and what was removed a moment ago."""
    return Evidence.objects.filter(file__isnull=False).exclude(removed_at__lt=now - KEPT_AFTER_REMOVAL)


@transaction.atomic
def _drop_content(file_id: int, now: datetime.datetime, actor: User) -> bool:
    file = StoredFile.objects.get(pk=file_id)
    _lock(file.path)
    if _needed(now).filter(file=file).exists():
        return False
    storage.drop(file.path)
    StoredFile.objects.filter(pk=file.pk).update(deleted_at=now)
    ledger.record("evidence.file_deleted", subject=file, actor=actor, sha256=file.sha256, size=file.size)
    return True


@transaction.atomic
def _drop_leftover(path: str, now: datetime.datetime) -> bool:
    """Delete a file that no row names, once nobody can be writing it any more."""
    _lock(path)
    place = storage.place_of(path)
    if selectors.file_at(path) is not None or not place.exists() or now.timestamp() - place.stat().st_mtime < LEFT_OVER.total_seconds():
        return False
    storage.drop(path)
    return True


def _keep(scope_id: int | None, content: BinaryIO, size: int) -> StoredFile:
    """The stored file of this content in this scope, with its content on the disk."""
    digest = storage.digest_of(storage.chunks(content))
    wanted = StoredFile(scope_id=scope_id, sha256=digest, size=size)
    _lock(wanted.path)
    file = selectors.file_at(wanted.path)
    if file is None or file.deleted_at is not None or not storage.place_of(wanted.path).exists():
        storage.keep(wanted.path, storage.chunks(content))
    if file is None:
        wanted.save(force_insert=True)
        return wanted
    if file.deleted_at is not None:
        file.deleted_at = None
        file.save(update_fields=["deleted_at"])
    return file


def _lock(path: str) -> None:
    """Until the transaction ends, nobody else writes or deletes the file at this path."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"evidence {path}"])


def _attach(row: Evidence, subject: models.Model, actor: User) -> Evidence:
    row.scope_id, row.subject_kind, row.subject_id = ledger.scope_of(subject), subject._meta.label_lower, subject.pk
    row.added_by, row.note = actor, row.note.strip()
    row.title = require_text(row.title, field="title", sentence="Give it a title that can be read.")
    if len(row.note) > LONGEST_NOTE:
        raise Invalid(f"The note has at most {LONGEST_NOTE:,} characters.", field="note")
    require_clean(row)
    row.save(force_insert=True)
    ledger.record("evidence.evidence_added", subject=subject, actor=actor, evidence=row.pk, kind=row.kind, title=row.title, content=selectors.content_of(row))
    for follower in evidence_followers:
        follower.follow(subject, actor)
    return row


def _address(url: str) -> str:
    """An address that leads to a page and to nothing else. Raises Invalid."""
    address = require_text(url, field="url", sentence="Give the address.")
    try:
        parts = urlsplit(address)
        is_page = (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(character.isspace() or not character.isprintable() for character in address)
        )
        has_password = parts.username is not None or parts.password is not None
    except ValueError:
        is_page = has_password = False
    if has_password:
        raise Invalid("The address has a name or password in it. Leave it out: everybody who sees this would have it.", field="url")
    if not is_page:
        raise Invalid("Give an address that starts with https:// or http://.", field="url")
    return address
