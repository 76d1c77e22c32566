"""What measuring shows on the pages of systems, deployments and harms: the newest runs, and the latest estimates of a harm's metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.urls import reverse

from harms import policies as harm_policies
from harms.extensions import HarmPanel
from harms.models import Harm
from measurements import policies
from measurements.enums import RunState, Sampling
from measurements.models import Estimate, Metric, Run, Schedule
from measurements.selectors import runs as selectors
from measurements.selectors import schedules as schedule_selectors
from measurements.views import links, run_parts, run_results, schedule_parts
from raiportal.accounts.models import User
from raiportal.look.charts import IntervalRow, interval_plot
from systems.extensions import DeploymentPanel, Figure, PortfolioColumn, SystemPanel
from systems.models import AISystem, Deployment

RUNS_SHOWN = 5
SCHEDULES_SHOWN = 3
PanelData = Mapping[str, Any]


# --- Runs of systems and deployments ---
def runs_under_way(systems: Sequence[AISystem], user: User) -> dict[int, Figure]:
    """Running and paused runs by system id, in one query."""
    open_runs = Run.objects.filter(system__in=systems, state__in=(RunState.RUNNING, RunState.PAUSED)).order_by()
    counts = open_runs.values_list("system").annotate(Count("pk"))
    return {system_id: Figure(count, reverse("run-list", args=[system_id])) for system_id, count in counts}


def recent_runs_of_systems(systems: Sequence[AISystem], user: User) -> dict[int, PanelData]:
    newest = Run.objects.visible_to(user).filter(system=OuterRef("pk"))
    found = _newest_runs(AISystem.objects.filter(pk__in=[system.pk for system in systems]), newest)
    return {
        system.pk: {"lines": found[system.pk], "may_measure": policies.may_measure(user, system), "all_url": reverse("run-list", args=[system.pk])}
        for system in systems
    }


def recent_runs_on_deployments(deployments: Sequence[Deployment], user: User) -> dict[int, PanelData]:
    """Those that this person may see; an organisation's deployment is measured by systems that not everybody sees."""
    newest = Run.objects.visible_to(user).filter(configuration__deployment=OuterRef("pk"))
    found = _newest_runs(Deployment.objects.filter(pk__in=[deployment.pk for deployment in deployments]), newest)
    return {pk: {"lines": lines} for pk, lines in found.items() if lines}


def _newest_runs(owners: QuerySet[Any], runs: QuerySet[Run]) -> dict[int, list[run_parts.RunLine]]:
    """The newest runs of each owner, by its id: ids by index first, then all rows at once."""
    ids = dict(owners.annotate(newest=ArraySubquery(runs.order_by("-pk").values("pk")[:RUNS_SHOWN])).values_list("pk", "newest"))
    rows = selectors.rows(list(selectors.with_parts(Run.objects.filter(pk__in=_flat(ids.values())))))
    lines = {row.run.pk: run_parts.run_line(row) for row in rows}
    return {owner: [lines[pk] for pk in newest] for owner, newest in ids.items()}


def _flat(lists: Iterable[Sequence[int]]) -> list[int]:
    return [pk for each in lists for pk in each]


# --- Schedules ---
def schedules_of_systems(systems: Sequence[AISystem], user: User) -> dict[int, PanelData]:
    """The schedules of each system that are due next."""
    upcoming = Schedule.objects.visible_to(user).filter(system=OuterRef("pk"), is_active=True).order_by("next_due_at", "pk")
    owners = AISystem.objects.filter(pk__in=[system.pk for system in systems])
    ids = dict(owners.annotate(upcoming=ArraySubquery(upcoming.values("pk")[:SCHEDULES_SHOWN])).values_list("pk", "upcoming"))
    found = Schedule.objects.in_bulk(_flat(ids.values()))
    rows = {pk: schedule_parts.schedule_line(schedule_selectors.ScheduleRow(schedule, [])) for pk, schedule in found.items()}
    return {owner: {"lines": [rows[pk] for pk in listed]} for owner, listed in ids.items() if listed}


# --- Estimates of harms ---
def estimates_of_harms(harms: Sequence[Harm], user: User) -> dict[int, PanelData]:
    """For each metric of a harm the estimate of its newest judged run, on one axis."""
    judged = Estimate.objects.filter(metric_version__metric=OuterRef("pk"), stratum="").exclude(run__state=RunState.CANCELLED)
    latest = judged.order_by("-run_id", "-judging__number", "-scoring_version").values("pk")[:1]
    metrics = Metric.objects.visible_to(user).filter(harm__in=harms).annotate(latest=Subquery(latest)).order_by("name", "pk")
    by_harm: dict[int, list[Any]] = {}
    for metric in metrics:
        by_harm.setdefault(metric.harm_id, []).append(metric)
    found = _estimates([metric.latest for listed in by_harm.values() for metric in listed if metric.latest])
    return {harm.pk: _harm_data(harm, by_harm.get(harm.pk, []), found, user) for harm in harms}


def _estimates(ids: Sequence[int]) -> dict[int, Estimate]:
    rows = Estimate.objects.filter(pk__in=ids).select_related("metric_version__metric", "run__set_version__measurement_set")
    return {row.pk: row for row in rows}


def _harm_data(harm: Harm, metrics: Sequence[Any], found: Mapping[int, Estimate], user: User) -> PanelData:
    rows = [_harm_row(found[metric.latest]) for metric in metrics if metric.latest]
    return {
        "plot": interval_plot(rows) if rows else None,
        "unmeasured": [{"name": metric.name, "url": reverse("metric", args=[metric.pk])} for metric in metrics if not metric.latest],
        "add_url": f"{reverse('metric-add', args=[harm.system_id])}?harm={harm.pk}",
        "run_url": reverse("run-add", args=[harm.system_id]),
        "to_state": _to_state(harm, [found[metric.latest] for metric in metrics if metric.latest], user),
        "may_measure": policies.may_measure(user, harm.system),
    }


def _to_state(harm: Harm, estimates: Sequence[Estimate], user: User) -> list[dict[str, str]]:
    """Estimates from which this person may state the measured risk of the harm."""
    if not harm_policies.may_record_risk_point(user, harm):
        return []
    taken = [estimate for estimate in estimates if estimate.run.state == RunState.COMPLETED and estimate.rate is not None]
    return [{"name": row.metric_version.metric.name, "url": reverse("measured-risk", args=[row.pk])} for row in taken]


def _harm_row(estimate: Estimate) -> IntervalRow:
    run, version = estimate.run, estimate.metric_version
    provoked = ", when provoked" if run.snapshot["set_version"]["sampling"] == Sampling.TARGETED else ""
    return IntervalRow(
        label=version.metric.name,
        sublabel=f"{run.code} on {run.set_version}{provoked}",
        url=f"{reverse('run', args=[run.pk])}?metric={version.metric_id}#chosen",
        low=estimate.low,
        high=estimate.high,
        rate=estimate.rate,
        numerator=estimate.numerator,
        denominator=estimate.denominator,
        target=run_results.target_of(version),
        verdict=run_results.verdict_of(estimate, run),
        rows_url=links.outputs_url(run, metric=version.metric_id, judged="harmful"),
    )


RUNS_UNDER_WAY = PortfolioColumn("runs-under-way", "Runs under way", runs_under_way, order=20)
SYSTEM_RUNS = SystemPanel("recent-runs", "measurements/_run_system_panel.html", recent_runs_of_systems, place="main", order=20)
SYSTEM_SCHEDULES = SystemPanel("schedules", "measurements/_schedule_system_panel.html", schedules_of_systems, place="side", order=20)
DEPLOYMENT_RUNS = DeploymentPanel("recent-runs", "measurements/_run_deployment_panel.html", recent_runs_on_deployments, order=20)
HARM_ESTIMATES = HarmPanel("latest-estimates", "measurements/_run_harm_panel.html", estimates_of_harms, place="main", order=20)
