"""Schedules: the list, one schedule with what became of its due times, its forms, switching it off and on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from measurements import policies
from measurements.actions import schedules as actions
from measurements.filters import DueTimeFilter, ScheduleFilter
from measurements.forms.schedules import ScheduleForm, terms_of
from measurements.models import DueTime, Schedule
from measurements.selectors import schedules as selectors
from measurements.views import schedule_parts
from measurements.views.sets import known_format, system_of
from raiportal import clocks, exports, htmx, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.paging import changed_query, cursor_pager

SCHEDULES_A_PAGE = 50
DUE_TIMES_A_PAGE = 50
SORTS = {"name": keyset.Sort("name"), "added": keyset.Sort("pk")}
NEWEST_DUE_FIRST = keyset.Sort("due_at", descending=True)
ADD_PAGE = "measurements/schedule_add.html"
EDIT_PAGE = "measurements/schedule_edit.html"
PREVIEW = "measurements/_schedule_preview.html"
EXPORT_COLUMNS = ("due_at", "outcome", "run", "detail")


# --- List ---
@require_safe
def schedule_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    filters = ScheduleFilter(request.GET, queryset=selectors.with_parts(Schedule.objects.visible_to(request.user).filter(system=system)))
    found = filters.qs if filters.is_valid() else Schedule.objects.none()
    _, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, "name")
    page = keyset.page(found, sort, request.GET.get("cursor"), SCHEDULES_A_PAGE)
    context = {
        "system": system,
        "section": "schedules",
        "lines": [schedule_parts.schedule_line(row) for row in selectors.rows(page.rows)],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": any(request.GET.get(name) for name in filters.filters),
        "total": selectors.schedule_count(system),
        "may_schedule": policies.may_schedule(request.user, system),
    }
    return render(request, "measurements/schedule_list.html", context)


# --- One schedule ---
@require_safe
def schedule(request: SignedInRequest, schedule_id: int) -> HttpResponse:
    shown = _schedule(request, schedule_id)
    filters = DueTimeFilter(request.GET, queryset=selectors.due_times_of(shown))
    found = filters.qs if filters.is_valid() else DueTime.objects.none()
    if format := request.GET.get("export"):
        return _export_due_times(shown, found, format)
    page = keyset.page(found, NEWEST_DUE_FIRST, request.GET.get("cursor"), DUE_TIMES_A_PAGE)
    context = {
        **schedule_parts.schedule_context(shown, request.user, clocks.now()),
        "lines": [schedule_parts.due_line(shown, due) for due in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": bool(request.GET.get("outcome")),
        "csv_url": changed_query(request, export="csv"),
        "json_url": changed_query(request, export="json"),
    }
    return render(request, "measurements/schedule.html", context)


def _export_due_times(shown: Schedule, found: QuerySet[DueTime], format: str) -> HttpResponse:
    rows = (
        {"due_at": due.due_at, "outcome": due.outcome, "run": due.run.code if due.run else "", "detail": due.detail}
        for due in found.order_by("-due_at", "-pk").iterator(chunk_size=500)
    )
    return exports.download(f"due-times-{shown.pk}", known_format(format), EXPORT_COLUMNS, rows)  # type: ignore[return-value]


# --- Forms ---
@require_http_methods(["GET", "HEAD", "POST"])
def schedule_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    """The form; sent with `preview` it only shows when runs would start."""
    system = system_of(request, system_id)
    policies.may_schedule(request.user, system).require()
    if request.method != "POST":
        chosen = schedule_parts.preselected(request.GET, ScheduleForm(system=system))
        return _form(request, ADD_PAGE, {}, ScheduleForm(initial=chosen, system=system), previewed=ScheduleForm(chosen, system=system))
    form = ScheduleForm(request.POST, system=system)
    if "preview" in request.POST:
        return _previewed(request, ADD_PAGE, {}, form)
    if form.is_valid():
        try:
            added = actions.add_schedule(system=system, actor=request.user, **form.terms())
        except Invalid as error:
            add_refusal(form, error)
        else:
            return _saved(request, added, f"Schedule “{added.name}” added.")
    return _form(request, ADD_PAGE, {}, form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_edit(request: SignedInRequest, schedule_id: int) -> HttpResponse:
    """The form; sent with `preview` it only shows when runs would start."""
    shown = _schedule(request, schedule_id)
    policies.may_schedule(request.user, shown.system).require()
    context = {"schedule": shown}
    if request.method != "POST":
        chosen = terms_of(shown)
        previewed = ScheduleForm(chosen, system=shown.system, schedule=shown)
        return _form(request, EDIT_PAGE, context, ScheduleForm(initial=chosen, system=shown.system, schedule=shown), previewed=previewed)
    form = ScheduleForm(request.POST, system=shown.system, schedule=shown)
    if "preview" in request.POST:
        return _previewed(request, EDIT_PAGE, context, form)
    if form.is_valid():
        try:
            changed = actions.edit_schedule(schedule_id=shown.pk, actor=request.user, **form.terms())
        except Invalid as error:
            add_refusal(form, error)
        else:
            return _saved(request, changed, f"Schedule “{changed.name}” changed.")
    return _form(request, EDIT_PAGE, context, form, status=422)


def _form(
    request: SignedInRequest, page: str, context: dict[str, Any], form: ScheduleForm, *, previewed: ScheduleForm | None = None, status: int = 200
) -> HttpResponse:
    """The page with the form; `previewed` is a filled one that tells the next due times where `form` is fresh."""
    asked = previewed or form
    asked.is_valid()
    return render(request, page, {**schedule_parts.form_context(asked.system, asked, clocks.now()), **context, "form": form}, status=status)


def _previewed(request: SignedInRequest, page: str, context: dict[str, Any], form: ScheduleForm) -> HttpResponse:
    form.is_valid()
    return htmx.render(request, page, PREVIEW, {**schedule_parts.form_context(form.system, form, clocks.now()), **context})


def _saved(request: SignedInRequest, saved: Schedule, words: str) -> HttpResponse:
    messages.success(request, f"{words} {schedule_parts.next_words(saved)}")
    return HttpResponseRedirect(reverse("schedule", args=[saved.pk]))


# --- Off and on ---
@require_POST
def schedule_switch_off(request: SignedInRequest, schedule_id: int) -> HttpResponse:
    moved = actions.switch_off_schedule(schedule_id=_schedule(request, schedule_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, schedule_parts.switched_off_words(moved))
    return htmx.go(request, reverse("schedule", args=[moved.pk]))


@require_POST
def schedule_switch_on(request: SignedInRequest, schedule_id: int) -> HttpResponse:
    moved = actions.switch_on_schedule(schedule_id=_schedule(request, schedule_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"Schedule “{moved.name}” is on. {schedule_parts.next_words(moved)}")
    return htmx.go(request, reverse("schedule", args=[moved.pk]))


def _schedule(request: SignedInRequest, schedule_id: int) -> Schedule:
    found: Schedule = get_object_or_404(selectors.with_parts(Schedule.objects.visible_to(request.user)), pk=schedule_id)
    return found
