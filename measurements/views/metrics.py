"""Metrics: the list, one metric with its versions, its forms, and trying rules on a text."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from measurements import policies
from measurements.actions import metrics as actions
from measurements.filters import MetricFilter
from measurements.forms.metrics import MetricForm, RevisionForm, TrialForm, revision_of
from measurements.models import Metric
from measurements.models.metrics import HIGHEST_SEVERITY
from measurements.selectors import metrics as selectors
from measurements.views.sets import harms_of, known_format, system_of
from raiportal import exports, htmx, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.paging import cursor_pager
from systems.models import AISystem

METRICS_A_PAGE = 50
SORTS = {"name": keyset.Sort("name"), "added": keyset.Sort("pk")}
FORM_FIELDS = {"judge": "patterns", "target_rate": "target_percent"}  # an action's name for a field: the form's
ADD_PAGE = "measurements/metric_add.html"
REVISE_PAGE = "measurements/metric_revise.html"
EXPORT_COLUMNS = ("id", "name", "harm", "definition", "threshold", "target_rate", "patterns", "version", "runs", "created_at")


# --- List ---
@require_safe
def metric_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    filters = MetricFilter(request.GET, queryset=selectors.metrics_of(system))
    found = filters.qs if filters.is_valid() else Metric.objects.none()
    if format := request.GET.get("export"):
        return _export_metrics(system, found, format)
    _, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, "name")
    page = keyset.page(found, sort, request.GET.get("cursor"), METRICS_A_PAGE)
    context = {
        "system": system,
        "section": "metrics",
        "rows": page.rows,
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": any(request.GET.get(name) for name in filters.filters),
        "total": selectors.metric_count(system),
        "may_add": policies.may_add_metric(request.user, system),
    }
    return render(request, "measurements/metric_list.html", context)


def _export_metrics(system: AISystem, found: QuerySet[Any], format: str) -> HttpResponse:
    rows = (
        {
            **{name: getattr(row, name) for name in ("id", "name", "created_at")},
            **{name: getattr(row.newest[0], name) for name in ("definition", "threshold", "target_rate")},
            "harm": row.harm.code if row.harm else "",
            "patterns": len(row.newest[0].judge_version.spec["patterns"]),
            "version": row.newest[0].number,
            "runs": row.run_count,
        }
        for row in found.order_by("name", "pk").iterator(chunk_size=500)
    )
    return exports.download(f"metrics-{system.slug}", known_format(format), EXPORT_COLUMNS, rows)  # type: ignore[return-value]


# --- One metric ---
@require_safe
def metric(request: SignedInRequest, metric_id: int) -> HttpResponse:
    return render(request, "measurements/metric.html", _metric_context(request, _metric(request, metric_id)))


@require_POST
def metric_try(request: SignedInRequest, metric_id: int) -> HttpResponse:
    """What each rule of the newest version finds in a text. The text isn't kept."""
    shown = _metric(request, metric_id)
    form = TrialForm(request.POST)
    context = {**_metric_context(request, shown), "trial_form": form}
    if form.is_valid():
        version = context["current"]
        context["trial"] = _trial(version.judge_version.spec, version.threshold, form.cleaned_data["text"])
    status = 422 if form.errors else 200
    return htmx.render(request, "measurements/metric.html", "measurements/_metric_trial.html", context, status=status)


# --- Forms ---
@require_http_methods(["GET", "HEAD", "POST"])
def metric_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system, context = _adding(request, system_id)
    if request.method != "POST":
        form = MetricForm(harms=harms_of(system), initial={"harm": request.GET.get("harm")})
        return render(request, ADD_PAGE, {**context, "form": form})
    form = MetricForm(request.POST, harms=harms_of(system))
    if form.is_valid():
        try:
            added = actions.add_metric(system=system, **form.content(), actor=request.user)
        except Invalid as error:
            _refused(form, error)
        else:
            messages.success(request, f"Metric “{added.name}” added.")
            return HttpResponseRedirect(reverse("metric", args=[added.pk]))
    return render(request, ADD_PAGE, {**context, "form": form}, status=422)


@require_POST
def metric_add_try(request: SignedInRequest, system_id: int) -> HttpResponse:
    """What the rules in the form find in its text; nothing is added."""
    system, context = _adding(request, system_id)
    return _tried(request, ADD_PAGE, context, MetricForm(request.POST, harms=harms_of(system)))


@require_http_methods(["GET", "HEAD", "POST"])
def metric_revise(request: SignedInRequest, metric_id: int) -> HttpResponse:
    shown, context = _revising(request, metric_id)
    if request.method != "POST":
        form = RevisionForm(harms=harms_of(shown.system), initial=revision_of(context["current"]))
        return render(request, REVISE_PAGE, {**context, "form": form})
    form = RevisionForm(request.POST, harms=harms_of(shown.system))
    if form.is_valid():
        try:
            version = actions.revise_metric(metric_id=shown.pk, **form.content(), actor=request.user)
        except Invalid as error:
            _refused(form, error)
        else:
            is_new = version.number != context["current"].number
            unchanged = f"What is counted is unchanged; version {version.number} holds."
            messages.success(request, f"Version {version.number} holds from now on." if is_new else unchanged)
            return HttpResponseRedirect(reverse("metric", args=[shown.pk]))
    return render(request, REVISE_PAGE, {**context, "form": form}, status=422)


@require_POST
def metric_revise_try(request: SignedInRequest, metric_id: int) -> HttpResponse:
    """What the rules in the form find in its text; nothing is revised."""
    shown, context = _revising(request, metric_id)
    return _tried(request, REVISE_PAGE, context, RevisionForm(request.POST, harms=harms_of(shown.system)))


def _adding(request: SignedInRequest, system_id: int) -> tuple[AISystem, dict[str, Any]]:
    system = system_of(request, system_id)
    policies.may_add_metric(request.user, system).require()
    return system, {"system": system, "section": "metrics", "try_url": reverse("metric-add-try", args=[system.pk])}


def _revising(request: SignedInRequest, metric_id: int) -> tuple[Metric, dict[str, Any]]:
    shown = _metric(request, metric_id)
    policies.may_revise_metric(request.user, shown).require()
    return shown, {**_metric_context(request, shown), "try_url": reverse("metric-revise-try", args=[shown.pk])}


def _tried(request: SignedInRequest, page: str, context: dict[str, Any], form: MetricForm) -> HttpResponse:
    """The form as it was sent, with what its rules find in the text beside them; nothing is changed."""
    form.is_valid()
    said = form.cleaned_data
    trial: dict[str, Any] = {"problem": "Fill in the rules and a text to try them on."}
    if said.get("patterns") and said.get("try_text") and said.get("threshold"):
        try:
            spec = actions.rule_spec(form.judge(), said["threshold"])
            trial = _trial(spec, said["threshold"], said["try_text"])
        except Invalid as error:
            trial = {"problem": error.detail}
    again = type(form)(initial=_as_sent(request, form), harms=form.fields["harm"].queryset)  # type: ignore[attr-defined]
    return htmx.render(request, page, "measurements/_metric_trial_result.html", {**context, "form": again, "trial": trial})


def _as_sent(request: SignedInRequest, form: MetricForm) -> dict[str, Any]:
    return {name: request.POST.get(name) for name in form.fields}


def _trial(spec: dict[str, Any], threshold: int, text: str) -> dict[str, Any]:
    tried = selectors.trials(spec, text)
    severity = max((trial.severity for trial in tried if trial.matched is not None), default=0)
    return {"rows": tried, "severity": severity, "is_harmful": severity >= threshold, "threshold": threshold}


def _refused(form: MetricForm, error: Invalid) -> None:
    field = FORM_FIELDS.get(error.field or "", error.field)
    form.add_error(field if field in form.fields else None, error.detail)


# --- What the address names ---
def _metric(request: SignedInRequest, metric_id: int) -> Metric:
    rows = Metric.objects.visible_to(request.user).select_related("system__scope", "harm", "created_by")
    found: Metric = get_object_or_404(rows, pk=metric_id)
    return found


def _metric_context(request: SignedInRequest, shown: Metric) -> dict[str, Any]:
    history = selectors.history(shown)
    current = history[0].version
    spec = current.judge_version.spec
    return {
        "system": shown.system,
        "section": "metrics",
        "metric": shown,
        "current": current,
        "history": history,
        "patterns": sorted(spec["patterns"], key=lambda entry: -entry["severity"]),
        "is_case_sensitive": spec.get("case_sensitive", False),
        "scale": [(severity, severity >= current.threshold) for severity in range(HIGHEST_SEVERITY + 1)],
        "may_revise": policies.may_revise_metric(request.user, shown),
        "trial_form": TrialForm(),
        "trial": None,
    }
