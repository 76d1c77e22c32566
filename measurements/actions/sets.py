"""Sets, and the cases imported into them."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction

from harms.models import Harm
from measurements import policies
from measurements.actions import cases
from measurements.actions.imported_runs import FileOfAnswers, add_imported_run
from measurements.enums import Sampling, UploadState
from measurements.models import MeasurementSet, MeasurementSetVersion, Run, SetUpload, SetUploadPart
from measurements.selectors import sets as selectors
from measurements.selectors.imported import run_of_file
from measurements.selectors.reading import ImportedFile, ImportReport, Reading, UploadedBytes, cases_with_answers, import_report
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid, Missing, WrongState
from raiportal.uploads import stored_file_name
from systems.models import AISystem

UPLOAD_KEPT = datetime.timedelta(days=1)
PART_BYTES = 1024 * 1024
LONGEST_NAME = 120


@dataclass(frozen=True)
class ImportResult:
    """The version that now holds the file's cases (None for a set that has none yet), what the file brought, and the run that its answers are."""

    version: MeasurementSetVersion | None
    report: ImportReport
    run: Run | None = None


def add_set(
    *, system: AISystem, name: str, description: str = "", sampling: str = Sampling.TARGETED, harms: Collection[Harm] = (), actor: User
) -> MeasurementSet:
    """A set without cases. Raises PolicyDenied, or Invalid on a field."""
    policies.may_edit_sets(actor, system).require()
    _check_set(system.pk, name, sampling, harms)
    try:
        with transaction.atomic():
            added = MeasurementSet.objects.create(system=system, name=name.strip(), description=description.strip(), sampling=sampling, created_by=actor)
            added.harms.set(harms)
            ledger.record("measurements.set_added", subject=added, actor=actor, sampling=sampling, harms=_ids(harms))
    except IntegrityError as error:
        raise _name_taken(name) from error
    return added


def edit_set(*, set_id: int, name: str, description: str, sampling: str, harms: Collection[Harm], actor: User) -> MeasurementSet:
    """Change what is said about a set; its versions stay as they are."""
    try:
        with transaction.atomic():
            edited: MeasurementSet = MeasurementSet.objects.lock(set_id)
            policies.may_edit_sets(actor, edited.system).require()
            _check_set(edited.system_id, name, sampling, harms)
            ledger.apply_changes(edited, actor=actor, action="measurements.set_edited", name=name.strip(), description=description.strip(), sampling=sampling)
            _change_harms(edited, harms, actor)
    except IntegrityError as error:
        raise _name_taken(name) from error
    return edited


def preview_upload(*, set_id: int, file: ImportedFile, file_name: str, format: str, actor: User) -> SetUpload:
    """Read a file and keep it, with the report of what it would bring, until it is confirmed, discarded or a day old. The set stays as it is."""
    measurement_set = _set_to_import(set_id, actor)
    name = stored_file_name(file_name)
    report, digest = previewed_report(measurement_set, file, name, format, actor)
    file.seek(0)
    with transaction.atomic():
        upload = SetUpload.objects.create(
            measurement_set=measurement_set,
            file_name=name,
            format=format,
            file_digest=digest,
            report=report.as_json(),
            created_by=actor,
        )
        number = 0
        while content := file.read(PART_BYTES):
            SetUploadPart.objects.create(upload=upload, number=number, content=content)
            number += 1
        ledger.record("measurements.upload_previewed", subject=upload, actor=actor, set=set_id, format=format, **_counts(report))
    return upload


def previewed_report(measurement_set: MeasurementSet, file: ImportedFile, file_name: str, format: str, actor: User) -> tuple[ImportReport, str]:
    """The dry run and the file's SHA-256; nothing is stored. Raises PolicyDenied also for answers that this person could not import."""
    policies.may_import_cases(actor, measurement_set).require()
    report, digest = import_report(measurement_set, selectors.latest_version(measurement_set), file, format, file_name=file_name)
    if report.results.answers and report.run_id is None:
        policies.may_measure(actor, measurement_set.system).require()
    return report, digest


@transaction.atomic
def confirm_upload(*, upload_id: int, actor: User) -> MeasurementSetVersion | None:
    """Import what was previewed, against the set as it is now. Returns the version that holds the cases; the latest one when nothing was new.

    Raises WrongState when it was confirmed or discarded before.
    """
    upload: SetUpload = SetUpload.objects.lock(upload_id)
    measurement_set: MeasurementSet = MeasurementSet.objects.lock(upload.measurement_set_id)
    policies.may_import_cases(actor, measurement_set).require()
    _require_previewed(upload)
    result = _import(measurement_set, UploadedBytes(upload), upload.file_name, upload.format, actor)
    upload.state, upload.version, upload.report = UploadState.CONFIRMED, result.version, result.report.as_json()
    upload.save(update_fields=["state", "version", "report"])
    return result.version


@transaction.atomic
def discard_upload(*, upload_id: int, actor: User) -> SetUpload:
    """Give an upload up; its bytes are deleted at once."""
    upload: SetUpload = SetUpload.objects.lock(upload_id)
    policies.may_import_cases(actor, upload.measurement_set).require()
    _require_previewed(upload)
    upload.parts.all().delete()
    upload.state, upload.report = UploadState.DISCARDED, {**upload.report, "sample": []}
    upload.save(update_fields=["state", "report"])
    ledger.record("measurements.upload_discarded", subject=upload, actor=actor, set=upload.measurement_set_id)
    return upload


@transaction.atomic
def import_cases(*, set_id: int, file: ImportedFile, file_name: str, format: str, actor: User) -> ImportResult:
    """Import a file at once. The new version holds the earlier cases and the file's new ones; a file without new ones makes no version.

    Answers in it become one completed run, once for each set and file: the same file again has the same run. Raises PolicyDenied, or Invalid for a file
    that is unusable as a whole; single rows that are no cases are in the result's report.
    """
    measurement_set: MeasurementSet = MeasurementSet.objects.lock(set_id)
    policies.may_import_cases(actor, measurement_set).require()
    return _import(measurement_set, file, stored_file_name(file_name), format, actor)


@transaction.atomic
def drop_old_uploads(*, actor: User) -> int:
    """Delete uploads older than a day, whatever became of them; versions made from them stay. Returns how many went."""
    policies.may_drop_old_uploads(actor).require()
    old = SetUpload.objects.filter(created_at__lt=clocks.now() - UPLOAD_KEPT)
    _, deleted = old.delete()
    dropped = deleted.get(SetUpload._meta.label, 0)
    if dropped:
        ledger.record("measurements.old_uploads_dropped", subject=actor, actor=actor, uploads=dropped)
    return dropped


@transaction.atomic
def open_prompts(*, version_id: int, actor: User) -> MeasurementSetVersion:
    """Record that somebody asked to read the prompts of a version."""
    version = MeasurementSetVersion.objects.select_related("measurement_set").filter(pk=version_id).first()
    if version is None:
        raise Missing("This isn't there any more.")
    policies.may_read_prompts(actor, version.measurement_set.system_id).require()
    ledger.record("measurements.prompts_read", subject=version, actor=actor)
    return version


@transaction.atomic
def open_upload(*, upload_id: int, actor: User) -> SetUpload:
    """Record that somebody asked to read the first cases of an upload."""
    upload = SetUpload.objects.select_related("measurement_set__system__scope", "created_by").filter(pk=upload_id).first()
    if upload is None:
        raise Missing("This isn't there any more.")
    policies.may_read_prompts(actor, upload.measurement_set.system_id).require()
    ledger.record("measurements.upload_read", subject=upload, actor=actor, set=upload.measurement_set_id)
    return upload


def _import(measurement_set: MeasurementSet, file: ImportedFile, file_name: str, format: str, actor: User) -> ImportResult:
    """The caller holds the lock on the set and has asked the policy."""
    before = selectors.latest_version(measurement_set)
    reading = Reading(measurement_set, before, file, format, file_name=file_name)
    version = cases.add_version(measurement_set, before, reading, file_name=file_name, actor=actor)
    report = reading.report()
    holder, source = version or before, FileOfAnswers(file_name, reading.file_digest, format)
    run = _run_of_answers(measurement_set, holder, report, file, source, actor) if holder and report.results.answers else None
    ledger.record(
        "measurements.cases_imported",
        subject=version or measurement_set,
        actor=actor,
        set=measurement_set.pk,
        file_name=file_name,
        file_digest=reading.file_digest,
        **_counts(report),
    )
    return ImportResult(holder, replace(report, run_id=run.pk if run else None), run)


def _run_of_answers(
    measurement_set: MeasurementSet, version: MeasurementSetVersion, report: ImportReport, file: ImportedFile, source: FileOfAnswers, actor: User
) -> Run:
    """The run that this file became before, else a new one; the lock on the set keeps two uploads of it apart."""
    known = run_of_file(measurement_set, source.digest)
    if known:
        return known
    answers = cases_with_answers(file, source.format, file_name=source.name)
    return add_imported_run(version=version, cases=answers, found=report.results, file=source, actor=actor)


def _set_to_import(set_id: int, actor: User) -> MeasurementSet:
    measurement_set = MeasurementSet.objects.filter(pk=set_id).first()
    if measurement_set is None:
        raise Missing("This isn't there any more.")
    policies.may_import_cases(actor, measurement_set).require()
    return measurement_set


def _require_previewed(upload: SetUpload) -> None:
    if upload.state == UploadState.CONFIRMED:
        raise WrongState("This upload was confirmed already; its cases are in the set.")
    if upload.state == UploadState.DISCARDED:
        raise WrongState("This upload was discarded. Upload the file again.")


def _check_set(system_id: int, name: str, sampling: str, harms: Collection[Harm]) -> None:
    if not name.strip() or len(name.strip()) > LONGEST_NAME:
        raise Invalid(f"Give the set a name of at most {LONGEST_NAME} characters.", field="name")
    if sampling not in Sampling.values:
        raise Invalid(f"Sampling is one of {', '.join(Sampling.values)}.", field="sampling")
    if any(harm.system_id != system_id for harm in harms):
        raise Invalid("Choose harms of this system.", field="harms")


def _change_harms(edited: MeasurementSet, harms: Collection[Harm], actor: User) -> None:
    before, after = sorted(edited.harms.values_list("pk", flat=True)), _ids(harms)
    if before != after:
        edited.harms.set(harms)
        ledger.record("measurements.set_harms_changed", subject=edited, actor=actor, changes={"harms": [before, after]})


def _ids(harms: Collection[Harm]) -> list[int]:
    return sorted(harm.pk for harm in harms)


def _counts(report: ImportReport) -> dict[str, Any]:
    return {"accepted": report.accepted, "duplicates": report.duplicates, "rejected": report.rejected_count}


def _name_taken(name: str) -> Invalid:
    return Invalid(f"This system has a set “{name.strip()}” already.", field="name")
