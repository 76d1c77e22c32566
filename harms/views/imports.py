"""From a file to the register: upload, look, confirm or discard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from harms import actions, policies, selectors
from harms.enums import ImportFormat, UploadState
from harms.forms import UploadForm
from harms.imports import format_of
from harms.models import HarmUpload
from harms.views.addressed import system_of
from raiportal import exports
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal
from raiportal.uploads import received_file, stored_file_name
from systems.models import AISystem

HEAD_BYTES = 4096
ROWS_SHOWN = 200
EXAMPLE = {
    "title": "Invented medication or dose",
    "description": "A summary names a medicine or a dose that the record does not contain.",
    "category": "confabulation",
    "origin": "model",
    "inherent_severity": 5,
    "inherent_frequency": 3,
    "rationale": "Seen in the pilot.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def harm_import(request: SignedInRequest, system_id: int) -> HttpResponse:
    """The form for a file; sending it leads to the upload's page, where nothing is on the register yet."""
    system = system_of(request, system_id)
    policies.may_import_harms(request.user, system).require()
    form = UploadForm()
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        try:
            file = received_file(request)
            if form.is_valid():
                return HttpResponseRedirect(reverse("harm-upload", args=[_previewed(request, system, file, form.cleaned_data["format"]).pk]))
        except Invalid as error:
            form.errors.pop("file", None)  # the reason why there is none says more
            add_refusal(form, error)
    context = {"system": system, "section": "harms", "form": form, "categories": selectors.categories(), "uses": selectors.uses_to_choose(system)}
    return render(request, "harms/harm_import.html", context, status=422 if form.errors else 200)


def _previewed(request: SignedInRequest, system: AISystem, file: Any, asked: str) -> HarmUpload:
    content = file.read()
    name = stored_file_name(file.name or "")
    format = format_of(asked, name, content[:HEAD_BYTES])
    return actions.preview_upload(system=system, content=content, file_name=name, format=format, actor=request.user)


@require_safe
def harm_import_template(request: SignedInRequest, system_id: int, format: str) -> HttpResponseBase:
    """A file with every column that an import reads, and one example."""
    system = system_of(request, system_id)
    rows: Iterator[dict[str, Any]] = iter([{name: EXAMPLE.get(name, "") for name in selectors.IMPORTED}])
    return exports.download(f"harms-template-{system.slug}", format, selectors.IMPORTED, rows)


@require_safe
def harm_upload(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """What a file would bring; once it is confirmed, what it brought."""
    upload = _upload(request, upload_id)
    report = upload.report
    context = {
        "system": upload.system,
        "section": "harms",
        "upload": upload,
        "report": report,
        "rows": report["accepted"] + report["duplicates"] + report["rejected_count"],
        "rejected": report["rejected"][:ROWS_SHOWN],
        "duplicates": report["duplicate_rows"][:ROWS_SHOWN],
        "is_open": upload.state == UploadState.PREVIEWED,
    }
    return render(request, "harms/harm_upload.html", context)


@require_POST
def harm_upload_confirm(request: SignedInRequest, upload_id: int) -> HttpResponse:
    upload = actions.confirm_upload(upload_id=_upload(request, upload_id).pk, actor=request.user)
    accepted = upload.report["accepted"]
    words = "1 harm is" if accepted == 1 else f"{accepted:,} harms are"
    messages.success(request, f"{words} on the register, from {upload.file_name}.")
    return HttpResponseRedirect(reverse("harm-list", args=[upload.system_id]))


@require_POST
def harm_upload_discard(request: SignedInRequest, upload_id: int) -> HttpResponse:
    upload = actions.discard_upload(upload_id=_upload(request, upload_id).pk, actor=request.user)
    messages.success(request, f"{upload.file_name} discarded; the register is as it was.")
    return HttpResponseRedirect(reverse("harm-list", args=[upload.system_id]))


@require_safe
def harm_upload_rejected(request: SignedInRequest, upload_id: int) -> HttpResponseBase:
    """Every rejected row with its reason, to put right in the file."""
    upload = _upload(request, upload_id)
    return exports.download(f"rejected-{upload.pk}", ImportFormat.CSV, ("row", "reason"), iter(upload.report["rejected"]))


def _upload(request: SignedInRequest, upload_id: int) -> HarmUpload:
    """An upload of a system where this person may import: a file's rows are for those who could bring them in."""
    seen = HarmUpload.objects.visible_to(request.user).select_related("system__scope", "created_by")
    found: HarmUpload = get_object_or_404(seen, pk=upload_id)
    policies.may_import_harms(request.user, found.system).require()
    return found
