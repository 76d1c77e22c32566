"""A run's judgings: how far each is, judging again, and moving one that goes on."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from measurements.actions import judgings as actions
from measurements.forms.runs import JudgeAgainForm
from measurements.models import Judging, Run
from measurements.selectors import runs as run_selectors
from measurements.views import judging_parts, run_parts
from raiportal import htmx
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in


@require_safe
def run_judgings(request: SignedInRequest, run_id: int) -> HttpResponse:
    """The tab, or the rows alone that it asks for while something goes on."""
    run = _run(request, run_id)
    if htmx.wants_fragment(request):
        answer = render(request, "measurements/_run_judging_rows.html", {"run": run, **judging_parts.rows_context(run, request.user)})
    else:
        answer = _page(request, run)
    patch_vary_headers(answer, ("HX-Request",))
    return answer


@require_POST
def run_judge(request: SignedInRequest, run_id: int) -> HttpResponse:
    run = _run(request, run_id)
    form = JudgeAgainForm(request.POST, system=run.system)
    if form.is_valid():
        metric = form.metrics[form.cleaned_data["metric"]]
        try:
            judging = actions.judge_again(run_id=run.pk, metric=metric, reason=form.cleaned_data["reason"], actor=request.user)
            messages.success(request, f"Judging {judging.number} of {run.code} by {metric.name} started.")
            return htmx.go(request, reverse("run-judgings", args=[run.pk]))
        except Invalid as error:
            add_refusal(form, error)
    return _page(request, run, form, status=422)


@require_POST
def judging_pause(request: SignedInRequest, judging_id: int) -> HttpResponse:
    judging = _judging(request, judging_id)
    moved = actions.pause_judging(judging_id=judging.pk, reason=reason_in(request.POST, is_needed=False), actor=request.user)
    return _told(request, moved, "paused. Calls in flight still end")


@require_POST
def judging_resume(request: SignedInRequest, judging_id: int) -> HttpResponse:
    return _told(request, actions.resume_judging(judging_id=_judging(request, judging_id).pk, actor=request.user), "goes on")


@require_POST
def judging_cancel(request: SignedInRequest, judging_id: int) -> HttpResponse:
    judging = _judging(request, judging_id)
    return _told(request, actions.cancel_judging(judging_id=judging.pk, reason=reason_in(request.POST), actor=request.user), "cancelled")


def _page(request: SignedInRequest, run: Run, form: JudgeAgainForm | None = None, *, status: int = 200) -> HttpResponse:
    context = {**run_parts.head_context(request, run), "open_tab": "judgings", **judging_parts.judgings_context(run, request.user, form)}
    return render(request, "measurements/run_judgings.html", context, status=status)


def _told(request: SignedInRequest, moved: Judging, words: str) -> HttpResponse:
    messages.success(request, f"Judging {moved.number} {words}.")
    return htmx.go(request, reverse("run-judgings", args=[moved.run_id]))


def _run(request: SignedInRequest, run_id: int) -> Run:
    found: Run = get_object_or_404(run_selectors.with_parts(Run.objects.visible_to(request.user)), pk=run_id)
    return found


def _judging(request: SignedInRequest, judging_id: int) -> Judging:
    found: Judging = get_object_or_404(Judging.objects.visible_to(request.user), pk=judging_id)
    return found
