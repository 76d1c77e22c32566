"""Outputs of a run: the list, one with everything, its texts when asked for, and the export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from measurements.actions import outputs as actions
from measurements.filters import OutputFilter
from measurements.models import MetricVersion, Output, Run
from measurements.selectors import output_exports, output_filters, severity_order
from measurements.selectors import outputs as selectors
from measurements.selectors import runs as run_selectors
from measurements.views import output_choices, output_parts, run_parts
from raiportal import clocks, exports, htmx, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.paging import cursor_pager

OUTPUTS_A_PAGE = 50
SORTS = {"id": keyset.Sort("pk"), "case": keyset.Sort("case_id")}  # as stored, or as in the set; by severity see `severity_order`


@require_safe
def output_list(request: SignedInRequest, run_id: int) -> HttpResponse:
    run = _run(request, run_id)
    filters = _filters(request, run)
    found = filters.qs if filters.is_valid() else Output.objects.none()
    versions = filters.versions if filters.is_valid() else []
    page = _page(request, found, versions)
    context = run_parts.head_context(request, run)
    choices = output_choices.form_context(request, run, context["counts"], context["estimates"], versions)
    context |= {
        "open_tab": "outputs",
        "filters": filters,
        "choices": choices,
        "lines": output_parts.lines(page.rows, versions),
        "shows_severity": len({version.metric_id for version in versions}) == 1,
    }
    total = output_parts.total(choices, context["counts"], found, page)
    context["pager"] = cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next, total=total)
    return render(request, "measurements/output_list.html", context)


def _page(request: SignedInRequest, found: QuerySet[Output], versions: Sequence[MetricVersion]) -> keyset.Page:
    asked, cursor, listed = request.GET.get("sort", ""), request.GET.get("cursor"), selectors.listed(found)
    if asked.removeprefix("-") == severity_order.SORT:
        version = severity_order.only(versions)
        return severity_order.page(listed, version, cursor, OUTPUTS_A_PAGE, is_descending=asked.startswith("-"))
    _, sort = keyset.chosen_sort(asked, SORTS, "id")
    return keyset.page(listed, sort, cursor, OUTPUTS_A_PAGE)


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
    versions = filters.versions if filters.form.cleaned_data["metric_version"] else output_filters.metric_versions(run.pk)
    rows = output_exports.export_rows(filters.qs, versions)
    actions.export_outputs(run_id=run.pk, format=format, filters=_asked(request, filters), actor=request.user)
    return exports.download(f"outputs-of-{run.code}", format, output_exports.export_columns(versions), rows)


def _asked(request: SignedInRequest, filters: OutputFilter) -> dict[str, Any]:
    """The filters in the address; of those that are given several times all."""
    given = {name: [value for value in request.GET.getlist(name) if value] for name in filters.filters if name != "run"}
    return {name: values if len(values) > 1 else values[0] for name, values in given.items() if values}


@require_safe
def output(request: SignedInRequest, output_id: int) -> HttpResponse:
    shown = _output(request, output_id)
    return render(request, "measurements/output.html", output_parts.output_context(shown, request.user))


@require_POST
def output_text(request: SignedInRequest, output_id: int) -> HttpResponse:
    """One part of an output's texts, and the row in the ledger that says who asked."""
    part = request.GET.get("part", "answer")
    if part not in output_parts.PARTS:
        raise Invalid("An output has a prompt, an answer, a refusal, a body, and reasons of its judges.", field="part")
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
