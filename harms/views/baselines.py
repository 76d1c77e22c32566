"""Baselines of a register: the list, one of them, and what differs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from harms import actions, policies, selectors
from harms.decision_forms import BaselineForm
from harms.filters import BaselineFilter
from harms.models import Baseline
from harms.views.addressed import system_of
from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.listing import order_of
from raiportal.look.forms import add_refusal
from raiportal.look.paging import changed_query, cursor_pager

MOST_SHOWN = 500  # harms of a baseline on its page, worst first; the files have all
BASELINES_A_PAGE = 50
BASELINES_EXPORTED = ("code", "title", "reason", "harms", "digest", "made_at", "made_by")
BASELINE_SORTS = {"id": keyset.Sort("pk"), "title": keyset.Sort("title"), "harms": keyset.Sort("harm_count")}
NOW = "now"


@require_safe
def baseline_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    return _list(request, system_id, BaselineForm())


@require_safe
def baseline_list_export(request: SignedInRequest, system_id: int, format: str) -> HttpResponseBase:
    """The list of baselines as a file, one row a baseline."""
    system = system_of(request, system_id)
    found = BaselineFilter(request.GET, selectors.baselines_of(system), request=request).required()
    rows = (
        {
            **{name: getattr(row, name) for name in ("code", "title", "reason", "digest", "made_at")},
            "harms": row.harm_count,
            "made_by": row.made_by.username,
        }
        for row in found.order_by(*order_of(request, BASELINE_SORTS, "-id"))
    )
    return exports.download(f"baselines-{system.slug}", format, BASELINES_EXPORTED, rows)


@require_POST
def baseline_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system, form = system_of(request, system_id), BaselineForm(request.POST)
    if form.is_valid():
        try:
            made = actions.make_baseline(system=system, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{made.code} keeps {made.harm_count:,} harms as they are now.")
            return redirect("baseline", made.pk)
    return _list(request, system_id, form)


def _list(request: SignedInRequest, system_id: int, form: BaselineForm) -> HttpResponse:
    system = system_of(request, system_id)
    filters = BaselineFilter(request.GET, selectors.baselines_of(system), request=request)
    is_readable = filters.is_valid()
    name, sort = keyset.chosen_sort(request.GET.get("sort"), BASELINE_SORTS, "-id")
    page = keyset.page(filters.qs if is_readable else filters.queryset.none(), sort, request.GET.get("cursor"), BASELINES_A_PAGE)
    context = {
        "system": system,
        "section": "harms",
        "baselines": page.rows,
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": any(request.GET.get(field) for field in filters.filters),
        "sort": name,
        "query": changed_query(request, cursor=None),
        "may_make": policies.may_make_baseline(request.user, system),
        "form": form,
    }
    return render(request, "harms/baseline_list.html", context, status=200 if is_readable and not form.errors else 422)


@require_safe
def baseline(request: SignedInRequest, baseline_id: int) -> HttpResponse:
    """What it keeps, and what differs from the register as it is or from another baseline of the system."""
    shown = _baseline(request, baseline_id)
    other, after = _other(shown, request.GET.get("with", NOW))
    found = selectors.difference(*_in_order(shown, other, after))
    harms = sorted(shown.content["harms"], key=lambda row: (-row["score"], row["id"]))
    context = {
        "system": shown.system,
        "section": "harms",
        "baseline": shown,
        "other": other,
        "others": selectors.baselines_of(shown.system).exclude(pk=shown.pk)[:BASELINES_A_PAGE],
        "found": found[:MOST_SHOWN],
        "found_more": max(len(found) - MOST_SHOWN, 0),
        "counts": [(what, sum(row.what == what for row in found)) for what in ("added", "changed", "merged", "gone")],
        "harms": [{**row, "state": selectors.STATE_WORDS[row["state"]]} for row in harms[:MOST_SHOWN]],
        "harms_more": max(len(harms) - MOST_SHOWN, 0),
        "with": other.pk if other else NOW,
    }
    return render(request, "harms/baseline.html", context)


@require_safe
def baseline_export(request: SignedInRequest, baseline_id: int, format: str) -> HttpResponseBase:
    """Every harm that it keeps."""
    shown = _baseline(request, baseline_id)
    return exports.download(f"{shown.code.lower()}-{shown.system.slug}", format, selectors.KEPT_COLUMNS, selectors.kept_rows(shown.content))


@require_safe
def baseline_difference_export(request: SignedInRequest, baseline_id: int, format: str) -> HttpResponseBase:
    """What differs, one row for each thing."""
    shown = _baseline(request, baseline_id)
    found = selectors.difference(*_in_order(shown, *_other(shown, request.GET.get("with", NOW))))
    return exports.download(f"{shown.code.lower()}-difference", format, selectors.DIFFERENCE_COLUMNS, selectors.difference_rows(found))


def _baseline(request: SignedInRequest, baseline_id: int) -> Baseline:
    rows = Baseline.objects.visible_to(request.user).select_related("system__scope", "made_by")
    found: Baseline = get_object_or_404(rows, pk=baseline_id)
    return found


def _other(shown: Baseline, asked: str) -> tuple[Baseline | None, dict[str, Any]]:
    """What it is compared with: another baseline of its system, or (None) the register as it is now."""
    if asked != NOW and asked.isascii() and asked.isdigit() and len(asked) <= 18:
        other: Baseline = get_object_or_404(Baseline.objects.filter(system=shown.system), pk=int(asked))
        return other, other.content
    return None, selectors.content_of(shown.system)


def _in_order(shown: Baseline, other: Baseline | None, content: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The older one first."""
    return (content, shown.content) if other is not None and other.number < shown.number else (shown.content, content)
