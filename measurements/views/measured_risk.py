"""Stating the measured risk of a harm from a run's estimate."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from harms import policies as harm_policies
from harms import scoring
from harms import selectors as harm_selectors
from harms.models import Harm
from measurements.actions.measured_risk import frequency_now, in_words, says_how_often, state_measured_risk, why_not
from measurements.models import Estimate, Run
from measurements.risk_forms import MeasuredRiskForm
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Conflict, Invalid
from raiportal.look.forms import add_refusal


@require_http_methods(["GET", "HEAD", "POST"])
def measured_risk(request: SignedInRequest, estimate_id: int) -> HttpResponse:
    rows = Estimate.objects.select_related("run__system__scope", "run__set_version__measurement_set", "metric_version__metric__harm__system__scope")
    estimate = get_object_or_404(rows, pk=estimate_id, run__in=Run.objects.visible_to(request.user))
    if reason := why_not(estimate):
        raise Conflict(reason)
    harm: Harm = estimate.metric_version.metric.harm  # type: ignore[assignment]  # there is one, or the line above refused
    harm_policies.may_record_risk_point(request.user, harm).require()
    scale = harm_selectors.current_scale()
    form = MeasuredRiskForm(
        request.POST or None,
        says_how_often=says_how_often(estimate),
        scale=scale,
        levels=harm_selectors.levels_of(scale),
        uses=harm_selectors.uses_to_choose(harm.system),
    )
    if request.method == "POST" and form.is_valid():
        try:
            point = state_measured_risk(estimate_id=estimate.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            scored = scoring.score(point.severity, point.frequency)
            messages.success(request, f"{harm.code} has a measured risk of {scored.value}, {scored.word}: {scored.words}.")
            return redirect("harm", harm.pk)
    context = {"form": form, "harm": harm, "system": harm.system, "section": "harms", "scale": scale, "estimate": estimate, "measured": in_words(estimate)}
    context["stays"] = None if says_how_often(estimate) else frequency_now(harm, None)
    return render(request, "measurements/measured_risk.html", context, status=422 if form.errors else 200)
