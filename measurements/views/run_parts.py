"""What the pages of runs show, worked out before the template: lines, the form, head, tabs, moves, the plan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from measurements import policies
from measurements.enums import CLOSED_STATES, OPEN_STATES, JudgeKind, JudgingState, PauseCause, RunSource, RunState
from measurements.forms.runs import BudgetForm, RunForm
from measurements.models import Estimate, JudgeVersion, Run
from measurements.selectors import estimates as estimate_selectors
from measurements.selectors import runs as selectors
from measurements.selectors import schedules as schedule_selectors
from measurements.selectors.reported_models import reported
from measurements.selectors.spending import spending_of
from measurements.selectors.stress import stress_of
from measurements.views import imported_parts, run_live, run_results, run_story
from measurements.views.amounts import money
from measurements.views.imported_parts import Source
from measurements.views.links import outputs_url
from measurements.workflow import RUN
from raiportal.accounts import roles
from raiportal.accounts.models import User
from raiportal.accounts.requests import SignedInRequest
from raiportal.look import formats
from raiportal.look.marks import Mark
from systems.models import AISystem

JUDGING_PAUSED = Mark("Judging paused", "pause", "warn")
JUDGED_AGAIN = Mark("Being judged again", "running", "info")
OWN_CAUSES = (PauseCause.PERSON, PauseCause.BUDGET, PauseCause.SYSTEM_RETIRED, PauseCause.RIGHT_LOST)  # nothing to mend at the deployment
OWN_MOVES = ("start", "pause", "resume", "cancel")  # those that people take


# --- Lists ---
@dataclass(frozen=True)
class RunLine:
    """One run in a list, with its addresses."""

    row: selectors.RunRow
    url: str
    estimate: Estimate | None
    harmful_url: str
    source: Source | None

    @property
    def run(self) -> Run:
        return self.row.run


def run_line(row: selectors.RunRow) -> RunLine:
    estimate = row.estimate
    harmful_url = outputs_url(row.run, metric=estimate.metric_version.metric_id, judged="harmful") if estimate else ""
    return RunLine(row, reverse("run", args=[row.run.pk]), estimate, harmful_url, imported_parts.source_of(row.run))


# --- The form ---
def preselected(asked: QueryDict, form: RunForm) -> dict[str, Any]:
    """What the address names, where the system has it; else the newest configuration, the first set and every metric."""
    return {
        "configuration": _known(asked.get("configuration"), form.configurations),
        "set_version": _known(asked.get("set_version") or _latest_of(asked.get("set"), form), form.set_versions),
        "metrics": [pk for pk in form.metric_versions if str(pk) in asked.getlist("metrics")] or list(form.metric_versions),
        "repeats": asked.get("repeats") or 1,
        **{name: asked.get(name) or "" for name in ("max_concurrency", "budget_cost", "budget_tokens")},
    }


def _latest_of(set_id: str | None, form: RunForm) -> str | None:
    return next((str(pk) for pk, version in form.set_versions.items() if str(version.measurement_set_id) == set_id), None)


def _known(asked: str | None, rows: Mapping[int, Any]) -> int | str:
    return next((pk for pk in rows if str(pk) == asked), next(iter(rows), ""))


@dataclass(frozen=True)
class Lack:
    """Something that a run needs and the system has not: why, and where it is made."""

    title: str
    text: str
    url: str
    act: str


def form_context(system: AISystem, form: RunForm) -> dict[str, Any]:
    return {
        "system": system,
        "section": "runs",
        "form": form,
        "lacks": lacks_of(system, form),
        **outlook_context(form),
    }


def outlook_context(form: RunForm) -> dict[str, Any]:
    """What the run would do by the answers so far, if they are enough to say it."""
    found = form.outlook() if form.is_bound else None
    if found is None:
        return {"outlook": None}
    budget = form.cleaned_data.get("budget_cost")
    return {
        "outlook": found,
        "outlook_cost": money(found.total_cost if found.total_cost is not None else found.cost, found.currency),
        "outlook_over": budget is not None and found.total_cost is not None and found.total_cost > budget,
        "outlook_budget": money(budget, found.currency),
    }


def lacks_of(system: AISystem, form: RunForm) -> list[Lack]:
    lacks = []
    if not form.configurations:
        lacks.append(Lack("No deployment that can be called", "A run calls a model endpoint.", reverse("deployment-add", args=[system.pk]), "Add a deployment"))
    if not form.set_versions:
        text = "A run sends the cases of a set. Add a set, then import cases into it."
        lacks.append(Lack("No set with cases", text, reverse("set-list", args=[system.pk]), "Open the sets"))
    if not form.metric_versions:
        text = "A metric says what counts as harmful, and who decides."
        lacks.append(Lack("No metric", text, reverse("metric-add", args=[system.pk]), "Add a metric"))
    return lacks


# --- One run ---
@dataclass(frozen=True)
class Tab:
    slug: str
    label: str
    url: str
    count: int | None = None


def configuration_url(user: User, run: Run) -> str:
    """Where the run's configuration is shown; nowhere to those who may not open what belongs to the whole organisation, nor for an imported run."""
    if run.configuration is None:
        return ""
    return reverse("configuration", args=[run.configuration_id]) if roles.sees(user, run.configuration.system_id) else ""


def head_context(request: SignedInRequest, run: Run) -> dict[str, Any]:
    """What the pages of one run have in common: title, badges, moves, tabs."""
    counts = selectors.counts_of([run])[run.pk]
    estimates = estimate_selectors.estimates_of(run)
    judgings = list(run.judgings.values_list("state", flat=True))
    offers = {offer.move.slug: offer for offer in RUN.available(run, request.user)}
    is_imported, stress = run.source == RunSource.IMPORTED, stress_of(run.set_version.measurement_set)
    return {
        "system": run.system,
        "section": "runs",
        "run": run,
        "source": imported_parts.source_of(run),
        "schedule": schedule_selectors.schedule_of(run),
        "configuration_url": configuration_url(request.user, run),
        "mark": selectors.mark_of(run),
        "flags": [*selectors.flags_of(run, counts, estimates), *_judging_flags(run, judgings)],
        "offers": offers,
        "hindrances": list(dict.fromkeys(offer.reason for slug, offer in offers.items() if slug in OWN_MOVES and not offer.is_open)),
        "cancel_title": f"Cancel run {run.code}",
        "cancel_text": _cancel_words(counts),
        "counts": counts,
        "estimates": estimates,
        "cost": _cost_words(run, counts),
        "seconds": (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None,
        "stress": stress,
        "tabs": _tabs(run, counts.done, len(judgings), is_stressed=stress is not None),
        "phase": selectors.phase_of(run),
        "may_measure": policies.may_measure(request.user, run.system),
        "again_url": "" if is_imported else again_url(run),
        "budget_form": _budget_form(run, judgings, request.user),
    }


def _cost_words(run: Run, counts: selectors.Counts) -> str:
    """What the run has cost with its judging; "" where it isn't known."""
    spent = spending_of(run)
    is_known = selectors.cost_of(run, counts) is not None and spent.is_priced
    return money(spent.cost, run.snapshot["deployment"]["prices"]["currency"]) if is_known else ""


def _judging_flags(run: Run, judgings: Sequence[str]) -> list[Mark]:
    """Judgings that stand still, and those that somebody asked for after the run was judged."""
    if JudgingState.PAUSED in judgings:
        return [JUDGING_PAUSED]
    return [JUDGED_AGAIN] if JudgingState.RUNNING in judgings and run.judged_at is not None else []


def _budget_form(run: Run, judgings: Sequence[str], user: User) -> BudgetForm | None:
    """The budget as it is, for those who may change it while anything can still be spent."""
    is_open = run.state in OPEN_STATES or selectors.is_judging(run) or JudgingState.RUNNING in judgings or JudgingState.PAUSED in judgings
    if run.source == RunSource.IMPORTED or not is_open or not policies.may_change_budget(user, run):
        return None
    return BudgetForm(initial={"budget_cost": run.budget_cost and run.budget_cost.normalize(), "budget_tokens": run.budget_tokens})


def _cancel_words(counts: selectors.Counts) -> str:
    stored = f"The {formats.number(counts.done)} stored {'one stays' if counts.done == 1 else 'ones stay'}." if counts.done else "Nothing has been called yet."
    return f"{formats.number(counts.pending)} output{'' if counts.pending == 1 else 's'} will not be asked for, and count as failed. {stored}"


def _tabs(run: Run, done: int, judgings: int, *, is_stressed: bool) -> list[Tab]:
    first = "Estimates" if run.state in CLOSED_STATES else "Progress"
    return [
        Tab("run", first, reverse("run", args=[run.pk])),
        Tab("outputs", "Outputs", reverse("output-list", args=[run.pk]), done),
        *([Tab("judgings", "Judgings", reverse("run-judgings", args=[run.pk]), judgings)] if judgings else []),
        *([Tab("stress", "Stress", reverse("run-stress", args=[run.pk]))] if is_stressed else []),
        Tab("configuration", "Plan", reverse("run-configuration", args=[run.pk])),
        Tab("events", "Events", reverse("run-events", args=[run.pk])),
    ]


def again_url(run: Run) -> str:
    """The form for the next run with the same choices."""
    query = QueryDict(mutable=True)
    query.update({"configuration": str(run.configuration_id), "set_version": str(run.set_version_id), "repeats": str(run.repeats)})
    query.setlist("metrics", [str(metric["metric"]) for metric in run.snapshot["metrics"]])
    return f"{reverse('run-add', args=[run.system_id])}?{query.urlencode()}"


@dataclass(frozen=True)
class PauseNote:
    """Why a run is paused, what the endpoint said, and what to do."""

    title: str
    words: str
    url: str
    act: str


def pause_note(run: Run, user: User) -> PauseNote | None:
    if run.state != RunState.PAUSED or run.configuration is None:
        return None
    if run.cause == PauseCause.BUDGET and not run.cause_detail:  # as a changed budget leaves it
        return PauseNote("The budget was changed", "Resume the run to go on with the outputs that are still missing.", "", "")
    deployment = run.configuration.deployment
    is_shown = run.cause not in OWN_CAUSES and roles.sees(user, deployment.system_id)
    url = reverse("deployment", args=[deployment.pk]) if is_shown else ""
    told = f"{run.cause_detail.rstrip('. ')}. " if run.cause_detail else ""
    if run.cause == PauseCause.RIGHT_LOST and run.runs_for is not None:
        told = f"It runs for {run.runs_for.name}. "
    return PauseNote(PauseCause(run.cause).label, f"{told}{selectors.REMEDIES[run.cause]}", url, "Open the deployment")


def run_context(request: SignedInRequest, run: Run) -> dict[str, Any]:
    """The first tab: progress while the run is open, else what it found."""
    context = head_context(request, run)
    context |= {"open_tab": "run", "pause_note": pause_note(run, request.user)}
    if run.state not in CLOSED_STATES or selectors.is_judging(run):
        return {**context, "live": run_live.live(run, request.user)}
    results = run_results.results_context(run, context["counts"], context["estimates"], request.GET.get("metric"))
    again = context["again_url"] if context["may_measure"] else ""
    return {**context, **results, "labels": imported_parts.label_lines(run), "story": run_story.told(run, again)}


def configuration_context(request: SignedInRequest, run: Run) -> dict[str, Any]:
    """The plan as it was frozen."""
    plan = run.snapshot
    judges = JudgeVersion.objects.in_bulk([metric["judge_version"] for metric in plan["metrics"]])
    metrics = [_metric_context(metric, judges) for metric in plan["metrics"]]
    is_readable = sees_address(request.user, run)
    snapshot = {name: value for name, value in plan["configuration"]["snapshot"].items() if is_readable or name != "base_url"}
    return {
        **head_context(request, run),
        "open_tab": "configuration",
        "plan": {**plan, "metrics": metrics},
        "address": plan["deployment"]["base_url"] if is_readable else "",
        "snapshot": json.dumps(snapshot, indent=2, ensure_ascii=False),
        "left_over": plan.get("imported", {}).get("left_over", {}),
        "budget": _budget_words(run),
        "deployment_url": _deployment_url(request.user, run),
        "reported": reported(run),
    }


def _metric_context(metric: Mapping[str, Any], judges: Mapping[int, JudgeVersion]) -> dict[str, Any]:
    judge = judges.get(metric["judge_version"])
    kind = JudgeKind(metric["judge"]).label
    return {**metric, "target_words": formats.threshold(float(metric["target_rate"] or 0)), "judge_words": f"{kind}, {judge}" if judge else kind}


def _budget_words(run: Run) -> str:
    parts = []
    if run.budget_cost is not None:
        parts.append(money(run.budget_cost, run.snapshot["deployment"]["prices"]["currency"]))
    if run.budget_tokens is not None:
        parts.append(f"{formats.number(run.budget_tokens)} tokens")
    return " or ".join(parts)


def sees_address(user: User, run: Run) -> bool:
    """Whether somebody may read where the run's calls went: the address of an organisation's deployment is for those who may open it."""
    return run.configuration is not None and roles.sees(user, run.configuration.deployment.system_id)


def _deployment_url(user: User, run: Run) -> str:
    if run.configuration is None or not sees_address(user, run):
        return ""
    return reverse("deployment", args=[run.configuration.deployment_id])
