"""Metrics: the list, one metric with its versions, its forms, and trying a judge on a text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from measurements import policies
from measurements.actions import metrics as actions
from measurements.actions.judges import judging_deployments
from measurements.enums import JudgeKind
from measurements.filters import MetricFilter
from measurements.forms.metrics import MetricForm, RevisionForm, revision_of
from measurements.forms.trials import TrialForm
from measurements.judges.scales import bands
from measurements.models import Metric
from measurements.selectors import metrics as selectors
from measurements.selectors.severities import on_scale
from measurements.views import metric_parts
from measurements.views.metric_parts import TrialShown
from measurements.views.sets import harms_of, known_format, system_of
from raiportal import exports, htmx, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.paging import cursor_pager
from systems.models import AISystem

METRICS_A_PAGE = 50
SORTS = {"name": keyset.Sort("name"), "added": keyset.Sort("pk")}
JUDGE_FIELDS = {JudgeKind.RULE: "patterns", JudgeKind.CONTENT_FILTER: "categories", JudgeKind.MODEL: "deployment"}
FormOf = Callable[..., MetricForm]  # a form of this page, from what was sent or is shown first
ADD_PAGE = "measurements/metric_add.html"
REVISE_PAGE = "measurements/metric_revise.html"
EXPORTED_AT_ONCE = 500  # rows
EXPORT_COLUMNS = ("id", "name", "harm", "definition", "scale", "threshold", "target_rate", "judge_kind", "judge", "version", "runs", "created_at")


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
    runs = selectors.runs_of_metrics(page.rows)
    context = {
        "system": system,
        "section": "metrics",
        "rows": [_line(row, runs[row.pk]) for row in page.rows],
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
            **{name: getattr(row.newest[0], name) for name in ("definition", "scale", "threshold", "target_rate")},
            "harm": row.harm.code if row.harm else "",
            "judge_kind": row.newest[0].judge_version.judge.kind,
            "judge": selectors.judge_words(row.newest[0].judge_version),
            "version": row.newest[0].number,
            "runs": runs[row.pk],
        }
        for batch in exports.batches(found.order_by("name", "pk").iterator(chunk_size=EXPORTED_AT_ONCE), EXPORTED_AT_ONCE)
        for runs in [selectors.runs_of_metrics(batch)]
        for row in batch
    )
    return exports.download(f"metrics-{system.slug}", known_format(format), EXPORT_COLUMNS, rows)  # type: ignore[return-value]


def _line(row: Any, runs: int) -> dict[str, Any]:
    version = row.newest[0]
    harmful_from = on_scale(version.scale, version.threshold, version.threshold)
    return {"metric": row, "version": version, "harmful_from": harmful_from, "judge": selectors.judge_words(version.judge_version), "runs": runs}


# --- One metric ---
@require_safe
def metric(request: SignedInRequest, metric_id: int) -> HttpResponse:
    return render(request, "measurements/metric.html", _metric_context(request, _metric(request, metric_id)))


@require_POST
def metric_try(request: SignedInRequest, metric_id: int) -> HttpResponse:
    """What the newest version's judge makes of a text; a model is really asked, once. The text isn't kept."""
    shown = _metric(request, metric_id)
    context = _metric_context(request, shown)
    version = context["current"]
    form = TrialForm(request.POST, kind=version.judge_version.judge.kind)
    context["trial_form"] = form
    if form.is_valid():
        said = form.cleaned_data
        try:
            context["trial"] = metric_parts.tried_version(version, said["text"], said.get("prompt", ""), request.user)
        except (Invalid, ValidationError) as error:
            form.add_error("text", error.detail if isinstance(error, Invalid) else error)
    status = 422 if form.errors else 200
    return htmx.render(request, "measurements/metric.html", "measurements/_metric_trial.html", context, status=status)


# --- Forms ---
@require_http_methods(["GET", "HEAD", "POST"])
def metric_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system, context, form_of = _adding(request, system_id)
    if request.method != "POST":
        return render(request, ADD_PAGE, {**context, "form": form_of(initial={"harm": request.GET.get("harm")})})
    form = form_of(request.POST)
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
def metric_add_fields(request: SignedInRequest, system_id: int) -> HttpResponse:
    """The form with the fields of the kind of judge and of the scale that it stands at now."""
    _, context, form_of = _adding(request, system_id)
    return _fields(request, ADD_PAGE, context, form_of)


@require_POST
def metric_add_try(request: SignedInRequest, system_id: int) -> HttpResponse:
    """What the judge in the form makes of its text; nothing is added."""
    system, context, form_of = _adding(request, system_id)
    return _tried(request, ADD_PAGE, context, form_of, system)


@require_http_methods(["GET", "HEAD", "POST"])
def metric_revise(request: SignedInRequest, metric_id: int) -> HttpResponse:
    shown, context, form_of = _revising(request, metric_id)
    if request.method != "POST":
        return render(request, REVISE_PAGE, {**context, "form": form_of(initial=revision_of(context["current"]))})
    form = form_of(request.POST)
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
def metric_revise_fields(request: SignedInRequest, metric_id: int) -> HttpResponse:
    """The form with the fields of the kind of judge and of the scale that it stands at now."""
    _, context, form_of = _revising(request, metric_id)
    return _fields(request, REVISE_PAGE, context, form_of)


@require_POST
def metric_revise_try(request: SignedInRequest, metric_id: int) -> HttpResponse:
    """What the judge in the form makes of its text; nothing is revised."""
    shown, context, form_of = _revising(request, metric_id)
    return _tried(request, REVISE_PAGE, context, form_of, shown.system)


def _adding(request: SignedInRequest, system_id: int) -> tuple[AISystem, dict[str, Any], FormOf]:
    system = system_of(request, system_id)
    policies.may_add_metric(request.user, system).require()
    fields_url = reverse("metric-add-fields", args=[system.pk])
    context = {"system": system, "section": "metrics", "try_url": reverse("metric-add-try", args=[system.pk]), "fields_url": fields_url}
    return system, context, partial(MetricForm, harms=harms_of(system), deployments=judging_deployments(system), fields_url=fields_url)


def _revising(request: SignedInRequest, metric_id: int) -> tuple[Metric, dict[str, Any], FormOf]:
    shown = _metric(request, metric_id)
    policies.may_revise_metric(request.user, shown).require()
    fields_url = reverse("metric-revise-fields", args=[shown.pk])
    context = {**_metric_context(request, shown), "try_url": reverse("metric-revise-try", args=[shown.pk]), "fields_url": fields_url}
    chosen = {"harms": harms_of(shown.system), "deployments": judging_deployments(shown.system), "fields_url": fields_url}
    return shown, context, partial(RevisionForm, version=context["current"], **chosen)


def _fields(request: SignedInRequest, page: str, context: dict[str, Any], form_of: FormOf) -> HttpResponse:
    return htmx.render(request, page, "measurements/_metric_judge.html", {**context, "form": form_of(initial=_as_sent(request))})


def _tried(request: SignedInRequest, page: str, context: dict[str, Any], form_of: FormOf, system: AISystem) -> HttpResponse:
    """The form as it was sent, with what its judge makes of the text; nothing is changed."""
    try:
        trial = metric_parts.tried_form(form_of(request.POST), system, request.user)
    except Invalid as error:
        trial = TrialShown(problem=error.detail)
    except ValidationError as error:
        trial = TrialShown(problem=" ".join(error.messages))
    return htmx.render(request, page, "measurements/_metric_trial_result.html", {**context, "form": form_of(initial=_as_sent(request)), "trial": trial})


def _as_sent(request: SignedInRequest) -> dict[str, Any]:
    """What a form was sent with, to be shown again without errors. A threshold on a scale that is left is no threshold on the new one."""
    sent: dict[str, Any] = dict(request.POST.items()) | {"categories": request.POST.getlist("categories")}
    if sent.get("shown_scale") != sent.get("scale"):
        sent.pop("threshold", None)
    return sent


def _refused(form: MetricForm, error: Invalid) -> None:
    """Put a refusal beside the field that it speaks of."""
    names = {"judge": JUDGE_FIELDS.get(JudgeKind(form.chosen_kind)), "target_rate": "target_percent"}
    field = names.get(error.field or "", error.field)
    form.add_error(field if field in form.fields else None, error.detail)


# --- What the address names ---
def _metric(request: SignedInRequest, metric_id: int) -> Metric:
    rows = Metric.objects.visible_to(request.user).select_related("system__scope", "harm", "created_by")
    found: Metric = get_object_or_404(rows, pk=metric_id)
    return found


def _metric_context(request: SignedInRequest, shown: Metric) -> dict[str, Any]:
    history = selectors.history(shown)
    current = history[0].version
    judge = metric_parts.judge_shown(current)
    asks_a_model = judge.kind == JudgeKind.MODEL
    return {
        "system": shown.system,
        "section": "metrics",
        "metric": shown,
        "current": current,
        "history": metric_parts.versions_told(history),
        "judge": judge,
        "judge_is": {kind.value: kind == judge.kind for kind in JudgeKind},
        "bands": bands(current.scale, current.threshold),
        "may_revise": policies.may_revise_metric(request.user, shown),
        "may_try": judge.kind != JudgeKind.IMPORTED and (not asks_a_model or policies.may_try_judge(request.user, shown.system)),
        "trial_form": TrialForm(kind=judge.kind),
        "trial": None,
    }
