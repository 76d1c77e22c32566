"""The filter form above a run's outputs: controls for what the run has, with the outputs of each choice, and chips for what is set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from measurements.filters import OutputFilter
from measurements.models import Estimate, MetricVersion, Run
from measurements.selectors import output_choices as selectors
from measurements.selectors import output_filters
from measurements.selectors.output_choices import Choice
from measurements.selectors.runs import Counts

SEVERAL = ("outcome", "reason")  # any of several values fits
DEAR = ("judged", "filter_category", "filter_verdict", "model", "fingerprint")  # answered by going through many rows: a list needs only its first
NAMES = tuple(name for name in OutputFilter.base_filters if name != "run")
LABELS = {
    "outcome": ("Outcome", "Any outcome"),
    "reason": ("Reason of failure", "Any reason"),
    "stratum": ("Stratum", "Any stratum"),
    "metric": ("Metric", "Any metric"),
    "judged": ("Judged as", "Judged as anything"),
    "severity": ("Severity at least", "Any severity"),
    "doubt": ("Doubtful judgements", "Votes agree or not"),
    "attempts": ("Attempts", "Any number of attempts"),
    "filter_category": ("Content-filter category", "Any filter category"),
    "filter_verdict": ("Content-filter verdict", "Whatever the filter said"),
    "model": ("Model reported", "Any model reported"),
    "fingerprint": ("Fingerprint reported", "Any fingerprint"),
}


@dataclass(frozen=True)
class Control:
    """One select. Of a filter that takes several values, those set already are kept beside it and not offered again."""

    name: str
    label: str
    empty: str
    options: Sequence[Choice]
    chosen: str


@dataclass(frozen=True)
class Chip:
    label: str
    name: str
    value: str


def form_context(request: HttpRequest, run: Run, counts: Counts, estimates: Sequence[Estimate], versions: Sequence[MetricVersion]) -> dict[str, Any]:
    """`versions` are the metric versions that the address asks about."""
    given = {name: [value for value in request.GET.getlist(name) if value] for name in NAMES}
    offered = _offered(run, counts, estimates, versions)
    controls = [_control(name, offered[name], given[name]) for name in LABELS if offered[name] or given[name]]
    kept = [(name, value) for name in SEVERAL for value in given[name]]
    asked = [(name, value) for name, values in given.items() for value in values]
    return {
        "controls": controls,
        "kept": kept + [(name, value) for name in ("metric_version",) for value in given[name]],
        "sort": request.GET.get("sort", ""),
        "case": next(iter(given["case"]), ""),
        "chips": _chips(offered, given, versions),
        "is_filtered": bool(asked),
        "known_total": _known_total(offered, asked),
        "is_dear": any(given[name] for name in DEAR),
        "query": f"?{urlencode(asked)}" if asked else "",
    }


def _known_total(offered: dict[str, Sequence[Choice]], asked: Sequence[tuple[str, str]]) -> int | None:
    """The count of the one choice that is made; the metric that it speaks of is no choice of its own."""
    made = [(name, value) for name, value in asked if name != "metric"]
    if len(made) != 1:
        return None
    ((name, value),) = made
    return next((option.count for option in offered.get(name, ()) if option.value == value), None)


def _offered(run: Run, counts: Counts, estimates: Sequence[Estimate], versions: Sequence[MetricVersion]) -> dict[str, Sequence[Choice]]:
    """What the run has, by filter; nothing where there is nothing to choose."""
    every = output_filters.metric_versions(run.pk)
    one = versions[0] if len(versions) == 1 else None
    categories = selectors.filter_categories(run)
    return {
        "outcome": selectors.outcomes(counts),
        "reason": selectors.reasons(run, counts, estimates),
        "stratum": selectors.strata(run, estimates),
        "metric": selectors.metrics(every) if len(every) > 1 else [],
        "judged": selectors.judged(one, estimates),
        "severity": selectors.severities(one, versions, estimates),
        "doubt": selectors.doubts(run),
        "attempts": selectors.attempts(run),
        "filter_category": categories,
        "filter_verdict": selectors.filter_verdicts() if categories else [],
        "model": selectors.models(run),
        "fingerprint": selectors.fingerprints(run),
    }


def _control(name: str, options: Sequence[Choice], given: Sequence[str]) -> Control:
    label, empty = LABELS[name]
    if name in SEVERAL:
        left = [option for option in options if option.value not in given]
        return Control(name, label, f"Or {label.lower()} …" if given else empty, left, "")
    chosen = given[0] if given else ""
    unknown = [Choice(chosen, chosen)] if chosen and chosen not in {option.value for option in options} else []
    return Control(name, label, empty, [*options, *unknown], chosen)


def _chips(offered: dict[str, Sequence[Choice]], given: dict[str, list[str]], versions: Sequence[MetricVersion]) -> list[Chip]:
    chips = []
    for name in SEVERAL:
        labels = {option.value: option.label for option in offered[name]}
        chips += [Chip(labels.get(value, value), name, value) for value in given[name]]
    for value in given["metric_version"]:
        chips.append(Chip(next((f"{version.metric.code} v{version.number}" for version in versions), value), "metric_version", value))
    return chips
