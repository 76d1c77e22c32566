"""From a file to the next version of a set: upload, look, confirm or discard."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from measurements import policies
from measurements.actions import sets as actions
from measurements.enums import FailureReason, Outcome, UploadState
from measurements.forms.sets import UploadForm
from measurements.models import MeasurementSetVersion, SetUpload
from measurements.selectors import reading
from measurements.views.sets import known_format, set_context, set_of
from raiportal import exports, htmx
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.formats import number
from raiportal.look.forms import add_refusal
from raiportal.uploads import received_file


@require_http_methods(["GET", "HEAD", "POST"])
def set_import(request: SignedInRequest, set_id: int) -> HttpResponse:
    """The form for a file; sending it leads to the upload's page, where nothing is in the set yet."""
    shown = set_of(request, set_id)
    policies.may_import_cases(request.user, shown).require()
    form = UploadForm()
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        try:
            file = received_file(request)
            if form.is_valid():
                return HttpResponseRedirect(reverse("upload", args=[_previewed(request, shown.pk, file, form.cleaned_data["format"]).pk]))
        except Invalid as error:
            form.errors.pop("file", None)  # the reason why there is none says more
            add_refusal(form, error)
    return render(request, "measurements/set_import.html", {**set_context(request, shown), "form": form}, status=422 if form.errors else 200)


def _previewed(request: SignedInRequest, set_id: int, file: UploadedFile, asked: str) -> SetUpload:
    name = file.name or ""
    format = reading.chosen_format(asked, name, file)
    return actions.preview_upload(set_id=set_id, file=file, file_name=name, format=format, actor=request.user)


@require_safe
def upload(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """What a file would bring; once it is confirmed, what it became."""
    shown = _upload(request, upload_id)
    if shown.state == UploadState.CONFIRMED and shown.report.get("run_id"):
        return HttpResponseRedirect(reverse("run", args=[shown.report["run_id"]]))
    if shown.state == UploadState.CONFIRMED and shown.version_id:
        return HttpResponseRedirect(reverse("set-version", args=[shown.version_id]))
    return render(request, "measurements/upload.html", _upload_context(request, shown))


@require_POST
def upload_show(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """The first accepted cases with their texts; asking is recorded."""
    shown = actions.open_upload(upload_id=_upload(request, upload_id).pk, actor=request.user)
    context = {**_upload_context(request, shown), "is_shown": True}
    return htmx.render(request, "measurements/upload.html", "measurements/_upload_sample.html", context)


@require_POST
def upload_confirm(request: SignedInRequest, upload_id: int) -> HttpResponse:
    shown = _upload(request, upload_id)
    version = actions.confirm_upload(upload_id=shown.pk, actor=request.user)
    shown.refresh_from_db()
    accepted, run_id = shown.report["accepted"], shown.report.get("run_id")
    if run_id:
        messages.success(request, _answers_words(shown, version))
        return HttpResponseRedirect(reverse("run", args=[run_id]))
    if version is None or not accepted:
        messages.info(request, "The file held no case that is new to the set; nothing changed.")
        return HttpResponseRedirect(reverse("set", args=[shown.measurement_set_id]))
    messages.success(request, f"Version {version.number} holds {number(version.case_count)} cases, {number(accepted)} of them new.")
    return HttpResponseRedirect(reverse("set-version", args=[version.pk]))


def _answers_words(upload: SetUpload, version: MeasurementSetVersion | None) -> str:
    answers, accepted = upload.report["results"]["answers"], upload.report["accepted"]
    cases = f" Version {version.number} of the set holds its cases, {number(accepted)} of them new." if version else ""
    return f"{upload.file_name} has become this run of {number(answers)} answer{'' if answers == 1 else 's'}.{cases}"


@require_POST
def upload_discard(request: SignedInRequest, upload_id: int) -> HttpResponse:
    discarded = actions.discard_upload(upload_id=_upload(request, upload_id).pk, actor=request.user)
    messages.success(request, f"{discarded.file_name} discarded; the set stays as it was.")
    return HttpResponseRedirect(reverse("set", args=[discarded.measurement_set_id]))


@require_safe
def upload_rejected(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """Every rejected row with its reason, as CSV or JSON."""
    shown = _upload(request, upload_id)
    rows = ({"row": row.row, "reason": row.reason} for row in reading.rejected_rows(shown))
    return exports.download(f"rejected-rows-{shown.pk}", known_format(request.GET.get("format", "csv")), ("row", "reason"), rows)  # type: ignore[return-value]


def _upload(request: SignedInRequest, upload_id: int) -> SetUpload:
    rows = SetUpload.objects.visible_to(request.user).select_related("measurement_set__system__scope", "created_by")
    found: SetUpload = get_object_or_404(rows, pk=upload_id)
    return found


def _upload_context(request: SignedInRequest, shown: SetUpload) -> dict[str, Any]:
    report = shown.report
    results = report.get("results") or {}
    return {
        **set_context(request, shown.measurement_set),
        "upload": shown,
        "report": report,
        "rows": report["accepted"] + report["already_there"] + report["repeated"] + report["rejected_count"],
        "strata": _counted(report["strata"], "No stratum"),
        "languages": _counted(report["languages"], "No language"),
        "sample": [{**case, "length": sum(len(message["content"]) for message in case["messages"])} for case in report["sample"]],
        "results": results,
        "outcomes": _outcomes(results.get("outcomes", {})),
        "verdicts": _by_number(results.get("verdicts", {})),
        "labels": _by_number(results.get("labels", {})),
        "models": _by_number(results.get("models", {})),
        "left_over": _by_number(results.get("left_over", {})),
        "brings_answers": bool(results.get("answers")) and not report.get("run_id"),
        "known_run": report.get("run_id"),
        "is_open": shown.state == UploadState.PREVIEWED,
        "is_shown": False,
    }


def _outcomes(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Answers by how they ended; what failed by its reason, since that is what somebody has to look into."""
    words = {**dict(Outcome.choices), **{reason: f"Failed: {label.lower()}" for reason, label in FailureReason.choices}}
    return [(str(words[name]), count) for name, count in _by_number(counts)]


def _by_number(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: -entry[1])


def _counted(counts: dict[str, int], unnamed: str) -> list[tuple[str, int]]:
    return sorted(((name or unnamed, count) for name, count in counts.items()), key=lambda entry: -entry[1])
