"""Reports: the list, one of them as page and as files, and what changed since another."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from raiportal import exports, htmx, keyset
from raiportal.accounts.models import Scope
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid, Missing
from raiportal.look.paging import changed_query, cursor_pager
from raiportal.reports import actions, packs, selectors
from raiportal.reports.differences import difference
from raiportal.reports.filters import MINE, ReportFilter
from raiportal.reports.forms import AcknowledgeForm
from raiportal.reports.models import Report
from raiportal.reports.views.addressed import about, the_report

A_PAGE = 50


@require_safe
def report_list(request: SignedInRequest) -> HttpResponse:
    """Reports of systems that one may read, and those that were sent to one; newest first."""
    filters = _filters(request)
    status = 200 if filters.is_valid() else 422
    name, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.SORTS, selectors.NEWEST)
    page = keyset.page(filters.qs if status == 200 else filters.queryset.none(), sort, request.GET.get("cursor"), A_PAGE)
    context = {
        "rows": selectors.rows_for(page.rows, request.user),
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "kinds": selectors.kinds_made(request.user),
        "systems": Scope.objects.filter(pk__in=Report.objects.visible_to(request.user).values("scope")).order_by("name", "pk"),
        "mine": MINE,
        "sort": name,
        "export_query": changed_query(request, cursor=None),
        "section": "reports",
    }
    return render(request, "reports/report_list.html", context, status=status)


@require_safe
def report_export(request: SignedInRequest, format: str) -> StreamingHttpResponse:
    """The list as a file."""
    _, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.SORTS, selectors.NEWEST)
    rows = _filters(request).required().order_by("-pk" if sort.descending else "pk")
    return exports.download("reports", format, selectors.EXPORTED, selectors.exported(rows))


@require_safe
def report(request: SignedInRequest, report_id: int) -> HttpResponse:
    """One report as it was made. A recipient's first look at it is noted."""
    row = the_report(request.user, report_id)
    _note(request, row)
    return render(request, "reports/report.html", _context(request, row) | {"form": AcknowledgeForm(initial={"digest": row.digest})})


@require_safe
def report_file(request: SignedInRequest, report_id: int, format: str) -> HttpResponseBase:
    """The report as PDF, its main table as CSV, or all of it as JSON with the digest."""
    row = the_report(request.user, report_id)
    _note(request, row)
    if format == "pdf":
        content = selectors.pdf_of(row)
        if content is None:
            raise Missing("This PDF isn't made yet. The report's page says how far it is.")
        return _saved(content, row, "pdf", "application/pdf")
    if format == "json":
        return _saved(json.dumps(packs.as_file(row), ensure_ascii=False, indent=1).encode(), row, "json", "application/json")
    table = row.content.main_table
    return exports.download(row.file_name, "csv", selectors.csv_columns(table), selectors.csv_rows(table))


@require_safe
def report_pdf(request: SignedInRequest, report_id: int) -> HttpResponse:
    """How far the PDF is, for the page that waits for it."""
    row = the_report(request.user, report_id)
    if not htmx.wants_fragment(request):
        return redirect("report", row.pk)
    return render(request, "reports/_report_pdf.html", about(request.user, row))


@require_POST
def report_pdf_again(request: SignedInRequest, report_id: int) -> HttpResponse:
    """Have a PDF made that could not be made before."""
    row = the_report(request.user, report_id)
    actions.try_pdf_again(report_id=row.pk, actor=request.user)
    return redirect("report", row.pk)


@require_POST
def report_acknowledge(request: SignedInRequest, report_id: int) -> HttpResponse:
    """Say that one read and understood it."""
    row = the_report(request.user, report_id)
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        return render(request, "reports/report.html", _context(request, row) | {"form": form}, status=422)
    actions.acknowledge(report_id=row.pk, actor=request.user, **form.cleaned_data)
    messages.success(request, "You acknowledged this report. Whoever sent it is told.")
    return redirect("report", row.pk)


@require_safe
def report_compare(request: SignedInRequest, report_id: int) -> HttpResponse:
    """What changed since an older or newer report of the same kind and subject: the one before, unless `with` names another."""
    row = the_report(request.user, report_id)
    others = selectors.others_like(row, request.user)
    asked = request.GET.get("with", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        raise Invalid("Name the other report by its number.", field="with")
    chosen = get_object_or_404(others, number=int(asked)) if asked else selectors.before(row, request.user) or others.first()
    context = about(request.user, row) | {"others": others[: selectors.MOST_LISTED], "older": None}
    if chosen is not None:
        older, newer = sorted((row, chosen), key=lambda one: one.number)
        context |= {"chosen": chosen, "older": older, "newer": newer, "difference": difference(older.content, newer.content)}
    return render(request, "reports/report_compare.html", context)


def _context(request: SignedInRequest, row: Report) -> dict[str, Any]:
    others = list(selectors.others_like(row, request.user)[: selectors.MOST_LISTED])
    return about(request.user, row) | {
        "content": row.content,
        "sections": selectors.shown(row),
        "others": others,
        "is_newest": all(other.number < row.number for other in others),
        "page_url": reverse("report", args=[row.pk]),
    }


def _note(request: SignedInRequest, row: Report) -> None:
    if request.method == "GET":
        actions.note_opened(report_id=row.pk, actor=request.user)


def _saved(content: bytes, row: Report, ending: str, kind: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{row.file_name}.{ending}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=kind, headers=headers)


def _filters(request: HttpRequest) -> ReportFilter:
    return ReportFilter(request.GET, queryset=selectors.reports_of(request.user), request=request)  # type: ignore[arg-type]
