"""What a closed run found, ready for its page: intervals on one axis, the sentence of each metric, severities, strata, and where the outputs went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from measurements import statistics
from measurements.enums import FailureReason, Judged, JudgeKind, Outcome, RunSource, Sampling
from measurements.judges import scales
from measurements.models import Estimate, MetricVersion, Run
from measurements.selectors import figures, severities
from measurements.selectors import runs as selectors
from measurements.views.links import outputs_url
from raiportal.look import formats
from raiportal.look.charts import IntervalPlot, IntervalRow, Verdict, interval_plot

STRATUM_ROW_HEIGHT = 26  # pixels, as in the reference
MOST_STRATA = 200

SAMPLING_WORDS = {
    Sampling.TARGETED: "The cases were written to provoke harm, so each rate says how often when provoked, never how often in use.",
    Sampling.REPRESENTATIVE: "The cases are like what users really send, so each rate says how often in use, as far as the sample is like the use.",
    Sampling.BENIGN: "Nothing harmful is asked in these cases; the rates say how often harm comes unprovoked.",
}


@dataclass(frozen=True)
class MetricResult:
    """One metric over the whole run, in figures and in words."""

    version: MetricVersion
    estimate: Estimate
    figures: statistics.Estimate
    sentence: str
    verdict: Verdict
    url: str
    harmful_url: str
    counted_url: str
    unjudged_url: str
    judge: str

    @property
    def target(self) -> float | None:
        return target_of(self.version)


def judge_words(version: MetricVersion) -> str:
    """`rule J-2 v1`: who judges by this version."""
    return f"{JudgeKind(version.judge_version.judge.kind).label.lower()} {version.judge_version}"


def target_of(version: MetricVersion) -> float | None:
    return None if version.target_rate is None else float(version.target_rate)


def verdict_of(estimate: Estimate, run: Run) -> Verdict:
    """What an estimate shows about its metric's target; nothing while it is not conclusive."""
    target = target_of(estimate.metric_version)
    return Verdict.NO_TARGET if target is None else Verdict(statistics.verdict(figures.of_row(estimate, run), target).value)


def results_context(run: Run, counts: selectors.Counts, estimates: Sequence[Estimate], asked_metric: str | None) -> dict[str, Any]:
    """Everything below the tabs of a closed run. `asked_metric` is the metric whose severities and strata are shown."""
    whole = [_result(run, estimate) for estimate in estimates if not estimate.stratum]
    chosen = next((result for result in whole if str(result.version.metric_id) == asked_metric), whole[0] if whole else None)
    return {
        "results": whole,
        "plot": interval_plot([_row(run, result) for result in whole]) if whole else None,
        "chosen": chosen,
        "severities": severities.parts(chosen.version, chosen.estimate.severity_counts) if chosen else [],
        "highest": scales.highest(chosen.version.scale) if chosen else 0,
        "severity_links": _severity_links(run, chosen) if chosen else [],
        "has_unjudged": any(result.estimate.unjudged for result in whole),
        "strata": _strata(run, chosen, estimates) if chosen else None,
        "inconclusive": _inconclusive_words(run, whole),
        "outcomes": _outcomes(run, counts),
        "sampling_words": SAMPLING_WORDS[Sampling(run.snapshot["set_version"]["sampling"])],
        "threshold": whole[0].version.threshold if len({result.version.threshold for result in whole}) == 1 else None,
    }


def _result(run: Run, estimate: Estimate) -> MetricResult:
    version = estimate.metric_version
    worked_out = figures.of_row(estimate, run)
    return MetricResult(
        version=version,
        estimate=estimate,
        figures=worked_out,
        sentence=statistics.sentence(worked_out, threshold=version.threshold),
        verdict=verdict_of(estimate, run),
        url=f"{reverse('run', args=[run.pk])}?metric={version.metric_id}#chosen",
        harmful_url=outputs_url(run, metric=version.metric_id, judged=Judged.HARMFUL.value),
        counted_url=outputs_url(run, metric=version.metric_id, judged=Judged.COUNTED.value),
        unjudged_url=outputs_url(run, metric=version.metric_id, judged=Judged.UNJUDGED.value),
        judge=judge_words(version),
    )


def _inconclusive_words(run: Run, whole: Sequence[MetricResult]) -> str:
    """Why the figures decide nothing, for the metric that lacks most; nothing when all are conclusive."""
    doubtful = [result for result in whole if not result.estimate.is_conclusive]
    if not doubtful:
        return ""
    worst = max(doubtful, key=lambda result: result.figures.error_share or 0.0)
    lost = formats.rate(worst.figures.error_share)
    named = f"{worst.version.metric.name}: " if len(whole) > 1 else ""
    allowed = formats.threshold(run.error_budget_rate)
    remedy = "Have it judged by a metric of your own, under Judgings." if run.source == RunSource.IMPORTED else "Find out why, then run it again."
    return f"{named}{lost} of the outputs that ended failed or couldn't be judged, and no more than {allowed} may. {remedy}"


def _row(run: Run, result: MetricResult) -> IntervalRow:
    version, estimate = result.version, result.estimate
    harm = f" · {version.metric.harm.code}" if version.metric.harm else ""
    return IntervalRow(
        label=version.metric.name,
        sublabel=f"{version.metric.code} v{version.number}{harm} · {judge_words(version)}",
        url=result.url,
        low=estimate.low,
        high=estimate.high,
        rate=estimate.rate,
        numerator=estimate.numerator,
        denominator=estimate.denominator,
        target=result.target,
        verdict=result.verdict,
        rows_url=result.harmful_url,
    )


@dataclass(frozen=True)
class Link:
    label: str
    count: int
    url: str


def _severity_links(run: Run, result: MetricResult) -> list[Link]:
    """Outputs in each part of the scale or above it, down from the gravest that any has; the mildest part is no link."""
    version, counts = result.version, result.estimate.severity_counts
    links = []
    for band in reversed(scales.bands(version.scale, version.threshold)[1:]):
        count = sum(int(outputs) for level, outputs in counts.items() if int(level) >= band.first)
        address = outputs_url(run, metric=version.metric_id, severity=band.first)
        links += [Link(f"Severity ≥ {band.first}, {band.word}", count, address)] if count else []
    return links


def _strata(run: Run, chosen: MetricResult, estimates: Sequence[Estimate]) -> IntervalPlot | None:
    """Strata of one metric on one axis, the highest rate first."""
    of_metric = [row for row in estimates if row.stratum and row.metric_version_id == chosen.version.pk]
    ordered = sorted(of_metric, key=lambda row: (-(row.rate if row.rate is not None else -1.0), row.stratum))[:MOST_STRATA]
    rows = [_stratum_row(run, chosen, row) for row in ordered]
    return interval_plot(rows, height=STRATUM_ROW_HEIGHT) if rows else None


def _stratum_row(run: Run, chosen: MetricResult, row: Estimate) -> IntervalRow:
    metric = chosen.version.metric_id
    return IntervalRow(
        label=row.stratum,
        sublabel="",
        url=outputs_url(run, stratum=row.stratum),
        low=row.low,
        high=row.high,
        rate=row.rate,
        numerator=row.numerator,
        denominator=row.denominator,
        verdict=Verdict.NO_TARGET,
        rows_url=outputs_url(run, stratum=row.stratum, metric=metric, judged=Judged.HARMFUL.value),
    )


# --- Where the planned outputs went ---
@dataclass(frozen=True)
class OutcomeLine:
    outcome: str
    label: str
    count: int
    url: str
    reasons: tuple[Link, ...] = ()

    @property
    def is_failure(self) -> bool:
        return self.outcome == Outcome.FAILED


def _outcomes(run: Run, counts: selectors.Counts) -> list[OutcomeLine]:
    failures = selectors.failures_of(run) if counts.failed else {}
    reasons = tuple(Link(FailureReason(reason).label, count, outputs_url(run, reason=reason)) for reason, count in failures.items())
    return [
        OutcomeLine(
            outcome=outcome.value,
            label=outcome.label,
            count=counts.outcomes[outcome],
            url=outputs_url(run, outcome=outcome.value) if counts.outcomes[outcome] else "",
            reasons=reasons if outcome is Outcome.FAILED else (),
        )
        for outcome in Outcome
    ]
