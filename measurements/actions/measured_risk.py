"""What a run measured becomes the measured risk of a harm. A rate says how often only where the cases are like what users send."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from harms import selectors as harm_selectors
from harms.actions import record_risk_point
from harms.enums import RiskPointKind
from harms.models import Harm, RiskPoint
from measurements.enums import RunState, Sampling
from measurements.models import Estimate
from measurements.selectors import estimates as estimate_selectors
from raiportal.accounts.models import User
from raiportal.checks import require_text
from raiportal.errors import Conflict, Invalid, Missing
from systems.models import IntendedUse

NOT_OVER = "The run isn't completed, so its rate can still change."
NO_RATE = "Nothing was judged, so there is no rate."
NO_HARM = "The metric names no harm. Say in the metric which harm it measures."
NOT_NEWEST = "A later judging, or a later way of scoring, made another estimate of this run. Take that one."
NO_FREQUENCY = "The cases were written to provoke the harm, so their rate doesn't say how often it happens."
NOT_STATED = f"{NO_FREQUENCY} Assess the harm first, or measure it with a representative set."
NEEDS_FREQUENCY = "Choose how often it happens, by the measured rate."
PER = 1_000  # outputs, the unit in which rates are told


@dataclass(frozen=True)
class Frequency:
    """How often the harm happens as it is stated now, and by which statement; for runs whose rate says nothing about it."""

    level: int
    kind: str


def says_how_often(estimate: Estimate) -> bool:
    """Whether the run's cases are like what users send, as its snapshot says."""
    return bool(estimate.run.snapshot["set_version"]["sampling"] == Sampling.REPRESENTATIVE)


def why_not(estimate: Estimate) -> str:
    """Why no measured risk can be stated from this estimate; "" where it can."""
    if estimate.metric_version.metric.harm_id is None:
        return NO_HARM
    if estimate.run.state != RunState.COMPLETED:
        return NOT_OVER
    if estimate.rate is None:
        return NO_RATE
    if estimate.stratum or estimate.pk not in {row.pk for row in estimate_selectors.estimates_of(estimate.run)}:
        return NOT_NEWEST
    return ""


def frequency_now(harm: Harm, use: IntendedUse | None) -> Frequency | None:
    """The level that holds in this place: of the newest measured statement, or else of the newest inherent one."""
    stated = {step.kind: step.point for step in harm_selectors.path_of(harm_selectors.risk_points_of(harm), use)}
    for kind in (RiskPointKind.MEASURED, RiskPointKind.INHERENT):
        point = stated.get(kind.value)
        if point is not None:
            return Frequency(point.frequency, str(kind.label).lower())
    return None


@transaction.atomic
def state_measured_risk(
    *, estimate_id: int, severity: int, frequency: int | None = None, intended_use: IntendedUse | None = None, rationale: str, actor: User
) -> RiskPoint:
    """State the measured risk of the harm that the estimate's metric measures, as a whole or in one intended use.

    `severity` is what the outputs show, of any run. `frequency` is given for a run over representative cases alone; for any other the level stated
    before stays. Raises PolicyDenied, Invalid, Conflict or Missing.
    """
    estimate = Estimate.objects.select_related("run", "metric_version__metric").filter(pk=estimate_id).first()
    if estimate is None:
        raise Missing("This isn't there any more.")
    if reason := why_not(estimate):
        raise Conflict(reason)
    harm: Harm = Harm.objects.lock(estimate.metric_version.metric.harm_id or 0)
    said = require_text(rationale, field="rationale", sentence="Say what the levels rest on.")
    return record_risk_point(
        harm_id=harm.pk,
        kind=RiskPointKind.MEASURED,
        severity=severity,
        frequency=_level(estimate, harm, intended_use, frequency),
        rationale=f"{said}\n\n{in_words(estimate)}",
        source=estimate.run,
        intended_use=intended_use,
        actor=actor,
    )


def _level(estimate: Estimate, harm: Harm, use: IntendedUse | None, given: int | None) -> int:
    if says_how_often(estimate):
        if given is None:
            raise Invalid(NEEDS_FREQUENCY, field="frequency")
        return given
    if given is not None:
        raise Invalid(NO_FREQUENCY, field="frequency")
    now = frequency_now(harm, use)
    if now is None:
        raise Conflict(NOT_STATED)
    return now.level


def in_words(estimate: Estimate) -> str:
    """Where the statement comes from: metric, run, counts, rate and interval."""
    rate, low, high = (float(value or 0) * PER for value in (estimate.rate, estimate.low, estimate.high))
    provoked = "" if says_how_often(estimate) else ", when provoked"
    return (
        f"{estimate.metric_version} in {estimate.run.code}, {estimate.run.set_version}: {estimate.numerator:,} of {estimate.denominator:,} outputs harmful, "
        f"{rate:.3g} per {PER:,}, 95 % interval {low:.3g} to {high:.3g} ({estimate.method}){provoked}."
    )
