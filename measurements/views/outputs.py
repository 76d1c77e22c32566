"""Outputs of a run: the list, one with everything, its texts when asked for, and the export."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from measurements.actions import outputs as actions
from measurements.filters import OutputFilter
from measurements.models import Output, Run
from measurements.selectors import outputs as selectors
from measurements.selectors import runs as run_selectors
from measurements.views import output_parts, run_parts
from raiportal import clocks, exports, htmx, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.paging import cursor_pager

OUTPUTS_A_PAGE = 50
SORTS = {"id": keyset.Sort("pk"), "case": keyset.Sort("case_id")}  # as stored, or as in the set


@require_safe
def output_list(request: SignedInRequest, run_id: int) -> HttpResponse:
    run = _run(request, run_id)
    filters = _filters(request, run)
    found = filters.qs if filters.is_valid() else Output.objects.none()
    _, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, "id")
    page = keyset.page(selectors.listed(found), sort, request.GET.get("cursor"), OUTPUTS_A_PAGE)
    versions = selectors.metric_versions(run.pk)
    context = run_parts.head_context(request, run) | {
        "open_tab": "outputs",
        "filters": filters,
        "choices": output_parts.choices(request, run, versions),
        "lines": output_parts.lines(page.rows, filters.versions if filters.is_valid() else []),
    }
    asked = {name: value for name, value in request.GET.items() if value and name in output_parts.FILTERS}
    context["export_query"] = f"?{urlencode(asked)}" if asked else ""
    total = output_parts.total(request, context["counts"], found, page)
    context["pager"] = cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next, total=total)
    return render(request, "measurements/output_list.html", context)


@require_POST
def output_export(request: SignedInRequest, run_id: int) -> StreamingHttpResponse:
    """The run's outputs as the filters in the address leave them, as a file; recorded, since it holds all texts."""
    run = _run(request, run_id)
    format = request.POST.get("format", "")
    if format not in exports.FORMATS:
        raise Invalid("Exports are CSV or JSON.", field="format")
    filters = _filters(request, run)
    if not filters.is_valid():
        raise Invalid("The filters in the address can't be read. Set them again on the page.")
    asked = {name: value for name, value in request.GET.items() if value and name in filters.filters}
    versions = selectors.metric_versions(run.pk)
    rows = selectors.export_rows(filters.qs, versions)
    actions.export_outputs(run_id=run.pk, format=format, filters=asked, actor=request.user)
    return exports.download(f"outputs-of-{run.code}", format, selectors.export_columns(versions), rows)


@require_safe
def output(request: SignedInRequest, output_id: int) -> HttpResponse:
    shown = _output(request, output_id)
    return render(request, "measurements/output.html", output_parts.output_context(shown, request.user))


@require_POST
def output_text(request: SignedInRequest, output_id: int) -> HttpResponse:
    """One part of an output's texts, and the row in the ledger that says who asked."""
    part = request.GET.get("part", "answer")
    if part not in output_parts.PARTS:
        raise Invalid("An output has a prompt, an answer, a refusal and a body.", field="part")
    shown = _output(request, output_id)
    opened = actions.open_output(output_id=shown.pk, part=part, actor=request.user)
    text = output_parts.opened_text(opened, part, clocks.now())
    if htmx.wants_fragment(request):
        return render(request, "measurements/_output_text.html", {"opened": text})
    return render(request, "measurements/output.html", output_parts.output_context(shown, request.user, text))


def _filters(request: SignedInRequest, run: Run) -> OutputFilter:
    """The address's filters, on this run and no other."""
    data: QueryDict = request.GET.copy()
    data["run"] = str(run.pk)
    return OutputFilter(data, queryset=Output.objects.visible_to(request.user))


def _run(request: SignedInRequest, run_id: int) -> Run:
    found: Run = get_object_or_404(run_selectors.with_parts(Run.objects.visible_to(request.user)), pk=run_id)
    return found


def _output(request: SignedInRequest, output_id: int) -> Any:
    return get_object_or_404(selectors.for_its_page(Output.objects.visible_to(request.user)), pk=output_id)
