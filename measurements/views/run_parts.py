"""What the pages of runs show, worked out before the template: lines, facts of a live run, tabs, moves, results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from measurements import policies
from measurements.enums import CLOSED_STATES, Outcome, PauseCause, RunState
from measurements.forms.runs import RunForm
from measurements.models import Estimate, Run
from measurements.selectors import estimates as estimate_selectors
from measurements.selectors import runs as selectors
from measurements.selectors.progress import Progress, progress
from measurements.views import run_results
from measurements.workflow import RUN
from raiportal.accounts import roles
from raiportal.accounts.models import User
from raiportal.accounts.requests import SignedInRequest
from raiportal.look import formats
from raiportal.look.charts import OutcomeBar, outcome_bar
from systems.models import AISystem

OWN_MOVES = ("start", "pause", "resume", "cancel")  # those that people take
CURRENCY_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def money(amount: Any, currency: str) -> str:
    """An amount with its currency's sign, or its code where there is no sign of its own."""
    return formats.money(amount, CURRENCY_SIGNS.get(currency, f"{currency}{formats.NO_BREAK}"))


# --- Lists ---
@dataclass(frozen=True)
class RunLine:
    """One run in a list, with its addresses."""

    row: selectors.RunRow
    url: str
    estimate: Estimate | None
    harmful_url: str

    @property
    def run(self) -> Run:
        return self.row.run


def run_line(row: selectors.RunRow) -> RunLine:
    estimate = row.estimate
    harmful_url = run_results.outputs_url(row.run, metric=estimate.metric_version.metric_id, judged="harmful") if estimate else ""
    return RunLine(row, reverse("run", args=[row.run.pk]), estimate, harmful_url)


# --- The form ---
def preselected(asked: QueryDict, form: RunForm) -> dict[str, Any]:
    """What the address names, where the system has it; else the newest configuration, the first set and every metric."""
    return {
        "configuration": _known(asked.get("configuration"), form.configurations),
        "set_version": _known(asked.get("set_version") or _latest_of(asked.get("set"), form), form.set_versions),
        "metrics": [pk for pk in form.metric_versions if str(pk) in asked.getlist("metrics")] or list(form.metric_versions),
        "repeats": asked.get("repeats") or 1,
        "max_concurrency": asked.get("max_concurrency") or "",
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
    return {"outlook": found, "outlook_cost": money(found.cost, found.currency) if found else ""}


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


# --- Live ---
FOOT_WORDS = {
    RunState.PLANNED: "Nothing has been called yet.",
    RunState.RUNNING: "Estimates follow when the outputs are in. You can close this page, and the run goes on.",
    RunState.PAUSED: "No new call is made while it is paused. What is stored stays.",
    "judging": "All outputs are in. The estimates are being worked out.",
}
LEGEND_CLASSES = {Outcome.INPUT_BLOCKED.value: "o-blocked", Outcome.OUTPUT_BLOCKED.value: "o-blocked"}  # others are called like their outcome


@dataclass(frozen=True)
class Entry:
    """One entry of the outcome bar's legend, with the rows that it counts."""

    css: str
    count: int
    words: str
    url: str


@dataclass(frozen=True)
class Live:
    """A run under way. `tag` stays the same while nothing that is shown has changed."""

    progress: Progress
    bar: OutcomeBar
    legend: list[Entry]
    cost: str
    allowed: int
    phase: str
    polls: bool
    tag: str

    @property
    def foot(self) -> str:
        if self.phase != RunState.RUNNING:
            return FOOT_WORDS.get(self.phase, "")
        if self.progress.waits_until is not None:
            return f"The endpoint asked for no call before {formats.exact(self.progress.waits_until)}. The run goes on by itself after that."
        if not self.progress.pumps:
            return "No worker is at it just now. It goes on by itself as soon as one is free."
        return FOOT_WORDS[RunState.RUNNING]

    @property
    def percent(self) -> int:
        return int(self.progress.done_rate * 100)  # rounded down: 100 % is said when all are in


def live(run: Run) -> Live:
    now = progress(run)
    phase = selectors.phase_of(run)
    bar = outcome_bar({**now.counts, "pending": now.pending})
    return Live(
        progress=now,
        bar=bar,
        legend=_legend(run, now),
        cost=money(now.cost, now.currency),
        allowed=min(run.max_concurrency, run.configuration.deployment.max_concurrency),
        phase=phase,
        polls=selectors.is_live(run),
        tag=hashlib.sha256(repr((phase, run.cause, run.cause_detail, now)).encode()).hexdigest()[:16],
    )


def _legend(run: Run, now: Progress) -> list[Entry]:
    """Every outcome with the rows that it counts; what is waiting has no rows yet."""
    entries = []
    for outcome in Outcome:
        count = now.counts[outcome]
        url = run_results.outputs_url(run, outcome=outcome.value) if count else ""
        entries.append(Entry(LEGEND_CLASSES.get(outcome.value, f"o-{outcome.value}"), count, outcome.label.lower(), url))
    return [*entries, Entry("o-pending", now.pending, "waiting", "")]


# --- One run ---
@dataclass(frozen=True)
class Tab:
    slug: str
    label: str
    url: str
    count: int | None = None


def configuration_url(user: User, run: Run) -> str:
    """Where the run's configuration is shown; nowhere to those who may not open what belongs to the whole organisation."""
    return reverse("configuration", args=[run.configuration_id]) if roles.sees(user, run.configuration.system_id) else ""


def head_context(request: SignedInRequest, run: Run) -> dict[str, Any]:
    """What the pages of one run have in common: title, badges, moves, tabs."""
    counts = selectors.counts_of([run])[run.pk]
    estimates = estimate_selectors.estimates_of(run) if run.judged_at else []
    offers = {offer.move.slug: offer for offer in RUN.available(run, request.user)}
    return {
        "system": run.system,
        "section": "runs",
        "run": run,
        "configuration_url": configuration_url(request.user, run),
        "mark": selectors.mark_of(run),
        "flags": selectors.flags_of(run, counts, estimates),
        "offers": offers,
        "hindrances": list(dict.fromkeys(offer.reason for slug, offer in offers.items() if slug in OWN_MOVES and not offer.is_open)),
        "cancel_title": f"Cancel run {run.code}",
        "cancel_text": _cancel_words(counts),
        "counts": counts,
        "estimates": estimates,
        "cost": money(selectors.cost_of(run, counts), run.snapshot["deployment"]["prices"]["currency"]),
        "seconds": (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None,
        "tabs": _tabs(run, counts.done),
        "phase": selectors.phase_of(run),
        "may_measure": policies.may_measure(request.user, run.system),
        "again_url": again_url(run),
    }


def _cancel_words(counts: selectors.Counts) -> str:
    stored = f"The {formats.number(counts.done)} stored {'one stays' if counts.done == 1 else 'ones stay'}." if counts.done else "Nothing has been called yet."
    return f"{formats.number(counts.pending)} output{'' if counts.pending == 1 else 's'} will not be asked for, and count as failed. {stored}"


def _tabs(run: Run, done: int) -> list[Tab]:
    first = "Estimates" if run.state in CLOSED_STATES else "Progress"
    return [
        Tab("run", first, reverse("run", args=[run.pk])),
        Tab("outputs", "Outputs", reverse("output-list", args=[run.pk]), done),
        Tab("configuration", "Configuration", reverse("run-configuration", args=[run.pk])),
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
    if run.state != RunState.PAUSED:
        return None
    deployment = run.configuration.deployment
    is_shown = run.cause != PauseCause.PERSON and roles.sees(user, deployment.system_id)
    url = reverse("deployment", args=[deployment.pk]) if is_shown else ""
    told = f"{run.cause_detail.rstrip('. ')}. " if run.cause_detail else ""
    return PauseNote(PauseCause(run.cause).label, f"{told}{selectors.REMEDIES[run.cause]}", url, "Open the deployment")


def run_context(request: SignedInRequest, run: Run) -> dict[str, Any]:
    """The first tab: progress while the run is open, else what it found."""
    context = head_context(request, run)
    context |= {"open_tab": "run", "pause_note": pause_note(run, request.user)}
    if run.state not in CLOSED_STATES or selectors.is_judging(run):
        return {**context, "live": live(run)}
    return {**context, **run_results.results_context(run, context["counts"], context["estimates"], request.GET.get("metric"))}


def configuration_context(request: SignedInRequest, run: Run) -> dict[str, Any]:
    """The plan as it was frozen."""
    plan = run.snapshot
    metrics = [{**metric, "target_words": formats.threshold(float(metric["target_rate"] or 0))} for metric in plan["metrics"]]
    snapshot = json.dumps(plan["configuration"]["snapshot"], indent=2, ensure_ascii=False)
    return {**head_context(request, run), "open_tab": "configuration", "plan": {**plan, "metrics": metrics}, "snapshot": snapshot}
