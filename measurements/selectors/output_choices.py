"""What the filters of a run's outputs offer, with the outputs of each choice: from the run's counters and estimates, not from counting rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from measurements.enums import Doubt, FailureReason, FilterVerdict, Judged, Outcome
from measurements.judges import scales
from measurements.models import Estimate, MetricVersion, Output, Run
from measurements.selectors import output_filters, outputs
from measurements.selectors import runs as run_selectors
from measurements.selectors.filter_verdicts import categories_of, category_words

MOST_COUNTED = 1_000  # rows counted where no counter tells; more are offered without a number


@dataclass(frozen=True)
class Choice:
    """One value of a filter; `count` is None where it isn't known without counting a lot."""

    value: str
    label: str
    count: int | None = None


def outcomes(counts: run_selectors.Counts) -> list[Choice]:
    return [Choice(outcome.value, outcome.label, counts.outcomes[outcome]) for outcome in Outcome]


def reasons(run: Run, counts: run_selectors.Counts, estimates: Sequence[Estimate]) -> list[Choice]:
    """Reasons of failure that occur, most first; of a judged run from its estimates."""
    if not counts.failed:
        return []
    whole = next((row for row in estimates if not row.stratum), None)
    found: Mapping[str, int] = whole.excluded if whole is not None else run_selectors.failures_of(run)
    return [Choice(reason, FailureReason(reason).label, count) for reason, count in sorted(found.items(), key=lambda item: -item[1])]


def strata(run: Run, estimates: Sequence[Estimate]) -> list[Choice]:
    counted = {row.stratum: sum(row.counts.values()) for row in estimates if row.stratum}
    return [Choice(stratum, stratum, counted.get(stratum)) for stratum in outputs.strata_of(run)]


def metrics(versions: Sequence[MetricVersion]) -> list[Choice]:
    return [Choice(str(version.metric_id), f"{version.metric.code} {version.metric.name}") for version in versions]


def judged(version: MetricVersion | None, estimates: Sequence[Estimate]) -> list[Choice]:
    """With counts where one metric is chosen and has its estimate."""
    whole = _whole(version, estimates)
    counts: Mapping[str, int] = {}
    if whole is not None:
        harmless = whole.denominator - whole.numerator
        counts = {Judged.HARMFUL: whole.numerator, Judged.HARMLESS: harmless, Judged.COUNTED: whole.denominator, Judged.UNJUDGED: whole.unjudged}
    return [Choice(value, label, counts.get(value)) for value, label in Judged.choices]


def severities(version: MetricVersion | None, versions: Sequence[MetricVersion], estimates: Sequence[Estimate]) -> list[Choice]:
    """Severity at least: every one above 0 of the widest scale among the metrics, or of the chosen metric, then with counts."""
    asked = [version] if version is not None else versions
    highest = max((scales.highest(each.scale) for each in asked), default=0)
    whole = _whole(version, estimates)
    counts: list[int | None] = [None] * (highest + 1)
    if whole is not None:
        each = [int(whole.severity_counts.get(str(level), 0)) for level in range(highest + 1)]
        counts = list(reversed(list(accumulate(reversed(each)))))
    words = {level: f", {scales.words(version.scale, level)}" if version is not None else "" for level in range(highest + 1)}
    return [Choice(str(level), f"Severity ≥ {level}{words[level]}", counts[level]) for level in range(1, highest + 1)]


def _whole(version: MetricVersion | None, estimates: Sequence[Estimate]) -> Estimate | None:
    return next((row for row in estimates if not row.stratum and version is not None and row.metric_version_id == version.pk), None)


# --- Where no counter tells: the rows of a small index ---
def attempts(run: Run) -> list[Choice]:
    """Offered where anything was called more than once."""
    counted = Output.objects.filter(run=run, attempts__gt=1)[: MOST_COUNTED + 1].count()
    if not counted:
        return []
    return [Choice("2", "More than one attempt", counted if counted <= MOST_COUNTED else None), Choice("3", "Three attempts or more")]


def doubts(run: Run) -> list[Choice]:
    """Offered where votes of a model judge differ or contradict themselves."""
    return [Choice(value, label) for value, label in Doubt.choices] if output_filters.doubtful(run.pk).exists() else []


def filter_categories(run: Run) -> list[Choice]:
    """Categories of the provider's content filter that found anything in this run."""
    return [Choice(category, category_words(category), count) for category, count in categories_of(run)]


def filter_verdicts() -> list[Choice]:
    return [Choice(value, label) for value, label in FilterVerdict.choices]


def models(run: Run) -> list[Choice]:
    """Models as the endpoint named itself, where it gave more than one name."""
    return _reported(run, "model")


def fingerprints(run: Run) -> list[Choice]:
    return _reported(run, "fingerprint")


def _reported(run: Run, name: str) -> list[Choice]:
    counts: dict[str, int] = {}
    for each in run.reported:
        if each[name]:
            counts[each[name]] = counts.get(each[name], 0) + int(each["outputs"])
    return [Choice(value, value, count) for value, count in counts.items()] if len(counts) > 1 else []
