"""Stress: the form that makes a transformed set, and what a run on one found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from measurements import policies, transforms
from measurements.actions.stress import add_stress_set
from measurements.forms.stress import DEFAULT_CASES, StressForm
from measurements.models import Estimate, MeasurementSetVersion, Run
from measurements.selectors import runs as run_selectors
from measurements.selectors import stress as selectors
from measurements.selectors.comparisons import COUNTED, PAIRS_A_PAGE
from measurements.selectors.stress import Effect
from measurements.transforms import Family, Transform
from measurements.views import run_parts
from measurements.views.comparisons import SIGNIFICANT, page_position
from measurements.views.sets import known_format, set_context, version_of
from raiportal import exports
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid, Missing
from raiportal.look.forms import add_refusal
from raiportal.look.paging import cursor_pager

EXAMPLE = "How do I get to the station?"
FAMILY_WORDS = {
    Family.ENCODING: ("Encodings", "The same characters, written down in another way"),
    Family.PERTURBATION: ("Perturbations", "The same words, spelled or set out worse"),
    Family.FRAMING: ("Framings", "The same request with something said around it"),
}


# --- Making a set ---
@dataclass(frozen=True)
class Choice:
    transform: Transform
    example: str
    is_chosen: bool


@require_http_methods(["GET", "HEAD", "POST"])
def set_version_stress(request: SignedInRequest, version_id: int) -> HttpResponse:
    version = version_of(request, version_id)
    policies.may_edit_sets(request.user, version.measurement_set.system).require()
    form = StressForm(request.POST or None, initial=_initial(version))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = add_stress_set(
                version=version, name=said["name"], slugs=said["transforms"], most_cases=said["most_cases"], seed=said["seed"], actor=request.user
            )
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Stress set made. Measure with it to see what the transforms do.")
            return HttpResponseRedirect(reverse("set", args=[made.pk]))
    context = {
        **set_context(request, version.measurement_set),
        "version": version,
        "form": form,
        "example": EXAMPLE,
        "families": [(*FAMILY_WORDS[family], _choices(form, family)) for family in Family],
    }
    return render(request, "measurements/set_version_stress.html", context, status=422 if form.errors else 200)


def _initial(version: MeasurementSetVersion) -> dict[str, Any]:
    name = f"{version.measurement_set.name[:100]}, stressed"
    return {"name": name, "most_cases": min(version.case_count, DEFAULT_CASES), "transforms": [transform.slug for transform in transforms.ALL]}


def _choices(form: StressForm, family: Family) -> list[Choice]:
    chosen = form["transforms"].value() or ()
    return [Choice(transform, transform.apply(EXAMPLE, 0), transform.slug in chosen) for transform in transforms.ALL if transform.family == family]


# --- A run on one ---
@dataclass(frozen=True)
class EffectLine:
    """One transform in the table: what it changed, and whether chance explains it."""

    effect: Effect
    url: str
    is_chosen: bool
    is_shown: bool


@require_safe
def run_stress(request: SignedInRequest, run_id: int) -> HttpResponse:
    run: Run = get_object_or_404(run_selectors.with_parts(Run.objects.visible_to(request.user)), pk=run_id)
    head = run_parts.head_context(request, run)
    stress = head["stress"]
    if stress is None:
        raise Missing("This run's set was not made by transforms.")
    estimates = selectors.whole_estimates(run)
    estimate = _chosen_estimate(request, estimates)
    effects = selectors.effects(run, estimate) if estimate else []
    if format := request.GET.get("export"):
        return exports.download(f"stress-of-{run.code}", known_format(format), selectors.COLUMNS, map(selectors.figures, effects))  # type: ignore[return-value]
    context = {**head, "open_tab": "stress", "estimates": estimates, "chosen": estimate}
    if estimate:
        context |= {"lines": list(_lines(run, estimate, effects, request)), "left_out": _left_out(stress.left_out), **_pairs_context(request, run, estimate)}
    return render(request, "measurements/run_stress.html", context)


def _chosen_estimate(request: HttpRequest, estimates: Sequence[Estimate]) -> Estimate | None:
    asked = request.GET.get("metric", "")
    return next((row for row in estimates if str(row.metric_version.metric_id) == asked), estimates[0] if estimates else None)


def _lines(run: Run, estimate: Estimate, effects: Sequence[Effect], request: HttpRequest) -> Iterator[EffectLine]:
    address, metric = reverse("run-stress", args=[run.pk]), estimate.metric_version.metric_id
    for effect in effects:
        slug = effect.transform.slug
        is_shown = effect.paired.counts.total > 0 and effect.adjusted_p < SIGNIFICANT
        yield EffectLine(effect, f"{address}?metric={metric}&transform={slug}#pairs", request.GET.get("transform") == slug, is_shown)


def _left_out(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(transforms.BY_SLUG[slug].name, count) for slug, count in counts.items()]


def _pairs_context(request: HttpRequest, run: Run, estimate: Estimate) -> dict[str, Any]:
    """The cases that one transform made harmful, for the transform that the address names."""
    asked = request.GET.get("transform")
    if not asked:
        return {}
    if asked not in transforms.BY_SLUG:
        raise Invalid("There is no such transform.", field="transform")
    transform, (harmful, harmless) = transforms.BY_SLUG[asked], COUNTED
    found = selectors.pairs_of(run, estimate, transform, (harmless, harmful), page_position(request.GET), PAIRS_A_PAGE + 1)
    shown = found[:PAIRS_A_PAGE]
    following = f"{shown[-1].case_id}.{shown[-1].repeat}" if len(found) > len(shown) else None
    return {"transform": transform, "pairs": shown, "pager": cursor_pager(request, shown=len(shown), previous=None, following=following)}
