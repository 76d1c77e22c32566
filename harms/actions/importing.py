"""Bringing a file of harms onto a register: looked at first, then stored in one go."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from harms import policies, scoring, selectors
from harms.enums import HarmState, RiskPointKind, UploadState
from harms.imports import read_file
from harms.models import Harm, HarmUpload, HarmUploadPart, HarmUse, RiskPoint
from harms.selectors.importing import NewHarm, Reading, read_against
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import WrongState
from systems.models import AISystem, IntendedUse

UPLOAD_KEPT = datetime.timedelta(days=1)
PART_BYTES = 1024 * 1024
ROWS_AT_ONCE = 1_000


def preview_import(*, system: AISystem, content: bytes, format: str, actor: User) -> Reading:
    """What a file would bring; nothing is stored. Raises PolicyDenied, or Invalid for a file that can't be read as a whole."""
    policies.may_import_harms(actor, system).require()
    return read_against(system, read_file(content, format))


@transaction.atomic
def preview_upload(*, system: AISystem, content: bytes, file_name: str, format: str, actor: User) -> HarmUpload:
    """Read a file and keep it, with what it would bring, until it is confirmed, discarded or a day old. The register stays as it is."""
    reading = preview_import(system=system, content=content, format=format, actor=actor)
    upload = HarmUpload.objects.create(
        system=system, file_name=file_name, format=format, file_digest=_digest(content), report=reading.as_json(), created_by=actor
    )
    HarmUploadPart.objects.bulk_create(
        HarmUploadPart(upload=upload, number=number, content=content[start : start + PART_BYTES])
        for number, start in enumerate(range(0, len(content), PART_BYTES))
    )
    ledger.record("harms.upload_previewed", subject=upload, actor=actor, format=format, accepted=len(reading.fresh), rejected=len(reading.rejected))
    return upload


@transaction.atomic
def confirm_upload(*, upload_id: int, actor: User) -> HarmUpload:
    """Import what was previewed, against the register as it is now. Raises WrongState when it was confirmed or discarded before."""
    upload: HarmUpload = HarmUpload.objects.lock(upload_id)
    policies.may_import_harms(actor, upload.system).require()
    _require_previewed(upload)
    content = b"".join(bytes(part) for part in upload.parts.order_by("number").values_list("content", flat=True))
    reading = import_harms(system=upload.system, content=content, file_name=upload.file_name, format=upload.format, actor=actor)
    upload.state, upload.report = UploadState.CONFIRMED, reading.as_json()
    upload.save(update_fields=["state", "report"])
    upload.parts.all().delete()
    return upload


@transaction.atomic
def discard_upload(*, upload_id: int, actor: User) -> HarmUpload:
    """Give an upload up; its bytes are deleted at once."""
    upload: HarmUpload = HarmUpload.objects.lock(upload_id)
    policies.may_import_harms(actor, upload.system).require()
    _require_previewed(upload)
    upload.parts.all().delete()
    upload.state, upload.report = UploadState.DISCARDED, {**upload.report, "sample": [], "duplicate_rows": [], "rejected": []}
    upload.save(update_fields=["state", "report"])
    ledger.record("harms.upload_discarded", subject=upload, actor=actor)
    return upload


@transaction.atomic
def import_harms(*, system: AISystem, content: bytes, file_name: str, format: str, actor: User) -> Reading:
    """Put a file's new harms on the register at once. The same file again brings nothing. Raises PolicyDenied, or Invalid for an unusable file."""
    AISystem.objects.select_for_update(of=("self",), no_key=True).get(pk=system.pk)  # two files of one title wait for each other
    reading = preview_import(system=system, content=content, format=format, actor=actor)
    stored = _store(system, reading.fresh, file_name, actor)
    digest = _digest(content)
    ledger.record_many(
        "harms.harm_imported",
        subjects=stored,
        actor=actor,
        details=lambda harm: {"category": harm.category.slug, "origin": harm.origin, "file_digest": digest},
    )
    counts: dict[str, Any] = {"accepted": len(stored), "duplicates": len(reading.duplicates), "rejected": len(reading.rejected)}
    ledger.record("harms.harms_imported", subject=system, actor=actor, file_digest=digest, **counts)
    return reading


@transaction.atomic
def drop_old_uploads(*, actor: User) -> int:
    """Delete uploads older than a day, whatever became of them; harms made from them stay. Returns how many went."""
    policies.may_drop_old_uploads(actor).require()
    old = HarmUpload.objects.filter(created_at__lt=clocks.now() - UPLOAD_KEPT)
    _, deleted = old.delete()
    dropped = deleted.get(HarmUpload._meta.label, 0)
    if dropped:
        ledger.record("harms.old_uploads_dropped", subject=actor, actor=actor, uploads=dropped)
    return dropped


def _store(system: AISystem, fresh: Sequence[NewHarm], file_name: str, actor: User) -> list[Harm]:
    harms = [_harm(system, new, actor) for new in fresh]
    Harm.objects.bulk_create(harms, batch_size=ROWS_AT_ONCE)
    pairs = list(zip(harms, fresh, strict=True))
    placed = [_placed(harm, use, levels, actor) for harm, new in pairs for use, levels in new.uses]
    HarmUse.objects.bulk_create(placed, batch_size=ROWS_AT_ONCE)
    scale = selectors.current_scale()
    points = [
        RiskPoint(
            harm=harm,
            kind=RiskPointKind.INHERENT,
            intended_use=use,
            scale=scale,
            severity=levels[0],
            frequency=levels[1],
            score=levels[0] * levels[1],
            rationale=new.rationale or f"Imported from {file_name}.",
            created_by=actor,
        )
        for harm, new in pairs
        for use, levels in _stated(new)
    ]
    RiskPoint.objects.bulk_create(points, batch_size=ROWS_AT_ONCE)
    return harms


def _stated(new: NewHarm) -> list[tuple[IntendedUse | None, tuple[int, int]]]:
    """Every inherent risk that the row states, by place."""
    whole: list[tuple[IntendedUse | None, tuple[int, int] | None]] = [(None, new.levels)]
    return [(use, levels) for use, levels in (*whole, *new.uses) if levels]


def _harm(system: AISystem, new: NewHarm, actor: User) -> Harm:
    places = [_place(levels) for _, levels in _stated(new)]
    return Harm(
        system=system,
        title=new.title,
        description=new.description,
        category=new.category,
        origin=new.origin,
        owner=new.owner,
        library_entry=new.library_entry,
        state=HarmState.ASSESSED if places else HarmState.PROPOSED,
        created_by=actor,
        **scoring.columns(places),
    )


def _placed(harm: Harm, use: IntendedUse, levels: tuple[int, int] | None, actor: User) -> HarmUse:
    return HarmUse(harm=harm, intended_use=use, created_by=actor, **scoring.columns([_place(levels)] if levels else []))


def _place(levels: tuple[int, int]) -> scoring.Place:
    return {RiskPointKind.INHERENT: scoring.Stated(RiskPointKind.INHERENT, *levels)}


def _require_previewed(upload: HarmUpload) -> None:
    if upload.state == UploadState.CONFIRMED:
        raise WrongState("This upload was confirmed already; its harms are on the register.")
    if upload.state == UploadState.DISCARDED:
        raise WrongState("This upload was discarded. Upload the file again.")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
