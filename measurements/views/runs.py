"""Runs: the list, the form that plans one, the page that shows it live and then what it found."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from measurements import policies
from measurements.actions import run_start
from measurements.actions import runs as actions
from measurements.filters import RunFilter
from measurements.forms.runs import BudgetForm, RunForm
from measurements.models import Run
from measurements.selectors import runs as selectors
from measurements.views import run_live, run_parts
from raiportal import htmx, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.audit import selectors as audit_selectors
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.paging import cursor_pager
from systems.models import AISystem

RUNS_A_PAGE = 50
EVENTS_MOST = 200
NEWEST_FIRST = keyset.Sort("pk", descending=True)
TAG_HEADER = "HX-PTag"


# --- List ---
@require_safe
def run_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = _system(request, system_id)
    filters = RunFilter(request.GET, queryset=selectors.with_parts(Run.objects.visible_to(request.user).filter(system=system)))
    found = filters.qs if filters.is_valid() else Run.objects.none()
    page = keyset.page(found, NEWEST_FIRST, request.GET.get("cursor"), RUNS_A_PAGE)
    context = {
        "system": system,
        "section": "runs",
        "lines": [run_parts.run_line(row) for row in selectors.rows(page.rows)],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": any(request.GET.get(name) for name in filters.filters),
        "configurations": selectors.configurations_measured(system),
        "sets": selectors.sets_measured(system),
        "may_measure": policies.may_measure(request.user, system),
    }
    return render(request, "measurements/run_list.html", context)


# --- Plan and start ---
@require_http_methods(["GET", "HEAD", "POST"])
def run_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = _system(request, system_id)
    policies.may_measure(request.user, system).require()
    if request.method != "POST":
        return _fresh_run_form(request, system)
    form = RunForm(request.POST, system=system)
    if not form.is_valid():
        return _run_form(request, system, form, status=422)
    try:
        run = run_start.plan_and_start_run(**form.parts(), actor=request.user)
    except Invalid as error:
        add_refusal(form, error)
        return _run_form(request, system, form, status=422)
    messages.success(request, f"Run {run.code} started.")
    return HttpResponseRedirect(reverse("run", args=[run.pk]))


@require_POST
def run_preview(request: SignedInRequest, system_id: int) -> HttpResponse:
    """What the run would do by the form's answers so far; changes nothing."""
    system = _system(request, system_id)
    policies.may_measure(request.user, system).require()
    form = RunForm(request.POST, system=system)
    form.is_valid()
    context = run_parts.form_context(system, form)
    return htmx.render(request, "measurements/run_add.html", "measurements/_run_preview.html", context)


def _fresh_run_form(request: SignedInRequest, system: AISystem) -> HttpResponse:
    """The form with what the address names chosen already, and else the newest of everything."""
    empty = RunForm(system=system)
    chosen = run_parts.preselected(request.GET, empty)
    asked = RunForm(chosen, system=system)
    asked.is_valid()
    form = RunForm(initial=chosen, system=system)
    return render(request, "measurements/run_add.html", {**run_parts.form_context(system, form), **run_parts.outlook_context(asked)})


def _run_form(request: SignedInRequest, system: AISystem, form: RunForm, *, status: int) -> HttpResponse:
    return render(request, "measurements/run_add.html", run_parts.form_context(system, form), status=status)


# --- One run ---
@require_safe
def run(request: SignedInRequest, run_id: int) -> HttpResponse:
    shown = _run(request, run_id)
    return render(request, "measurements/run.html", run_parts.run_context(request, shown))


@require_safe
def run_progress(request: SignedInRequest, run_id: int) -> HttpResponse:
    """What the run's page asks every two seconds: nothing new (304), the new figures, or, once the run has moved on, the whole page's content."""
    shown = _run(request, run_id)
    if not htmx.wants_fragment(request):
        return HttpResponseRedirect(reverse("run", args=[shown.pk]))
    if request.GET.get("phase") != selectors.phase_of(shown):
        response = render(request, "measurements/_run_live.html", run_parts.run_context(request, shown))
        response["HX-Retarget"], response["HX-Reswap"] = "#run-live", "outerHTML"
        return response
    live = run_live.live(shown, request.user)
    if request.headers.get(TAG_HEADER) == live.tag:
        return HttpResponse(status=304, headers={TAG_HEADER: live.tag})
    response = render(request, "measurements/_run_progress.html", {"run": shown, "live": live, "moves_count": True})
    response[TAG_HEADER] = live.tag
    return response


@require_safe
def run_configuration(request: SignedInRequest, run_id: int) -> HttpResponse:
    """What was frozen when the run was planned."""
    shown = _run(request, run_id)
    return render(request, "measurements/run_configuration.html", run_parts.configuration_context(request, shown))


@require_safe
def run_events(request: SignedInRequest, run_id: int) -> HttpResponse:
    shown = _run(request, run_id)
    lines = audit_selectors.history(Run._meta.label_lower, shown.pk, most=EVENTS_MOST)
    return render(
        request, "measurements/run_events.html", {**run_parts.head_context(request, shown), "open_tab": "events", "lines": lines, "most": EVENTS_MOST}
    )


# --- Moves ---
@require_POST
def run_start_now(request: SignedInRequest, run_id: int) -> HttpResponse:
    moved = actions.start_run(run_id=_run(request, run_id).pk, actor=request.user)
    return _told(request, moved, "started")


@require_POST
def run_pause(request: SignedInRequest, run_id: int) -> HttpResponse:
    moved = actions.pause_run(run_id=_run(request, run_id).pk, reason=reason_in(request.POST, is_needed=False), actor=request.user)
    return _told(request, moved, "paused. Calls in flight still end")


@require_POST
def run_resume(request: SignedInRequest, run_id: int) -> HttpResponse:
    moved = actions.resume_run(run_id=_run(request, run_id).pk, actor=request.user)
    return _told(request, moved, "goes on")


@require_POST
def run_cancel(request: SignedInRequest, run_id: int) -> HttpResponse:
    moved = actions.cancel_run(run_id=_run(request, run_id).pk, reason=reason_in(request.POST), actor=request.user)
    return _told(request, moved, "cancelled")


@require_POST
def run_budget(request: SignedInRequest, run_id: int) -> HttpResponse:
    shown = _run(request, run_id)
    policies.may_change_budget(request.user, shown).require()
    form = BudgetForm(request.POST)
    if form.is_valid():
        try:
            moved = actions.change_budget(run_id=shown.pk, **form.cleaned_data, actor=request.user)
            messages.success(request, f"Budget of {moved.code} changed.")
            return htmx.go(request, reverse("run", args=[moved.pk]))
        except Invalid as error:
            add_refusal(form, error)
    return render(request, "measurements/run.html", run_parts.run_context(request, shown) | {"budget_form": form}, status=422)


def _told(request: SignedInRequest, moved: Run, words: str) -> HttpResponse:
    messages.success(request, f"Run {moved.code} {words}.")
    return htmx.go(request, reverse("run", args=[moved.pk]))


def _system(request: SignedInRequest, system_id: int) -> AISystem:
    system: AISystem = get_object_or_404(AISystem.objects.visible_to(request.user), pk=system_id)
    return system


def _run(request: SignedInRequest, run_id: int) -> Run:
    found: Run = get_object_or_404(selectors.with_parts(Run.objects.visible_to(request.user)), pk=run_id)
    return found
