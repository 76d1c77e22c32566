"""Evidence of an object: its list, adding, removing, and handing a file out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal import exports
from raiportal.accounts.models import User
from raiportal.accounts.requests import SignedInRequest
from raiportal.audit.subjects import SubjectKind, subject_kinds
from raiportal.errors import Invalid
from raiportal.evidence import actions, downloads, policies, selectors
from raiportal.evidence.filters import EvidenceFilter
from raiportal.evidence.forms import EvidenceForm
from raiportal.evidence.models import Evidence
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.paging import changed_query
from raiportal.uploads import received_file, was_stopped


@require_safe
def evidence_list(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """Everything that was ever attached to an object; what was removed stays on the list with the reason."""
    subject, registered = _subject(request, kind, pk)
    filters = EvidenceFilter(request.GET, selectors.with_use(Evidence.objects.of(subject)), request=request)
    is_readable = filters.is_valid()
    context = _context(subject, registered) | {
        "rows": filters.qs if is_readable else filters.queryset.none(),
        "filters": filters,
        "is_filtered": any(request.GET.get(name) for name in filters.filters),
        "people": User.objects.filter(pk__in=Evidence.objects.of(subject).values("added_by")).order_by("name", "pk"),
        "query": changed_query(request),
        "may_add": policies.may_add(request.user, subject),
    }
    return render(request, "evidence/evidence_list.html", context, status=200 if is_readable else 422)


@require_safe
def evidence_export(request: SignedInRequest, kind: str, pk: int, format: str) -> HttpResponseBase:
    """The list as a file; of stored files their names, sizes and SHA-256, not their content."""
    subject, _ = _subject(request, kind, pk)
    found = EvidenceFilter(request.GET, selectors.with_use(Evidence.objects.of(subject)), request=request).required()
    return exports.download(f"evidence-{kind.replace('.', '-')}-{pk}", format, selectors.EXPORTED, selectors.exported(found))


@require_http_methods(["GET", "HEAD", "POST"])
def evidence_add(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    subject, registered = _subject(request, kind, pk)
    policies.may_add(request.user, subject).require()
    form = EvidenceForm()
    if request.method == "POST":
        form = EvidenceForm(request.POST, request.FILES)
        try:
            if request.FILES or was_stopped(request):
                received_file(request)
            if form.is_valid():
                added = _added(request, subject, form.cleaned_data)
                messages.success(request, f"“{added.title}” is evidence now.")
                return redirect(f"{registered.url(subject)}#evidence-panel")
        except Invalid as error:
            form.errors.pop("file", None)  # the reason why there is none says more
            add_refusal(form, error)
    context = _context(subject, registered) | {"form": form}
    return render(request, "evidence/evidence_add.html", context, status=422 if form.errors else 200)


@require_POST
def evidence_remove(request: SignedInRequest, evidence_id: int) -> HttpResponse:
    row = _evidence(request, evidence_id)
    removed = actions.remove(evidence_id=row.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"“{removed.title}” is no evidence any more.")
    return redirect(reverse("evidence-list", args=[row.subject_kind, row.subject_id]))


@require_safe
def evidence_file(request: SignedInRequest, evidence_id: int) -> HttpResponseBase:
    """The file, to be saved and not shown: whatever is in it, no browser runs it as a page of the portal."""
    row = _evidence(request, evidence_id)
    if row.file is None or row.removed_at is not None:
        raise Http404
    return downloads.answer_with(row)


@require_safe
def evidence_object(request: SignedInRequest, evidence_id: int) -> HttpResponse:
    """The way to the live object, for those who may see it too."""
    row = _evidence(request, evidence_id)
    kind = subject_kinds.get(row.object_kind)
    found = kind.find(row.object_id, request.user) if kind and row.object_id is not None and row.removed_at is None else None
    if kind is None or found is None:
        raise Http404
    return redirect(kind.url(found))


def _added(request: SignedInRequest, subject: Any, given: dict[str, Any]) -> Evidence:
    words = {"title": given["title"], "note": given["note"], "subject": subject, "actor": request.user}
    if given["file"]:
        return actions.add_file(upload=given["file"], **words)
    here = selectors.object_at(given["url"], request.user)
    if here is not None:
        return actions.add_object(object_kind=here[0], object_id=here[1], **words)
    return actions.add_link(url=given["url"], **words)


def _subject(request: SignedInRequest, kind: str, pk: int) -> tuple[Any, SubjectKind]:
    subject = selectors.subject_of(kind, pk, request.user)
    if subject is None:
        raise Http404
    return subject, subject_kinds[kind]


def _context(subject: Any, kind: SubjectKind) -> dict[str, Any]:
    return {"subject": subject, "kind": kind, "subject_url": kind.url(subject)}


def _evidence(request: SignedInRequest, evidence_id: int) -> Evidence:
    found: Evidence = get_object_or_404(Evidence.objects.visible_to(request.user).select_related("file"), pk=evidence_id)
    return found
