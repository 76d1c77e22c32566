"""Severities in the words of a metric's own scale and threshold, as pages draw them."""

from __future__ import annotations

from collections.abc import Mapping

from measurements.judges import scales
from measurements.models import MetricVersion
from raiportal.look.charts import SeverityPart
from raiportal.look.levels import Severity


def graded(version: MetricVersion, severity: int | None) -> Severity | None:
    """One output's severity by this metric; None where nobody gave one."""
    return None if severity is None else on_scale(version.scale, version.threshold, severity)


def on_scale(scale: str, threshold: int, severity: int) -> Severity:
    """A severity of a scale as it counts from this threshold on."""
    highest = scales.highest(scale)
    level = min(severity, highest)  # a word for every row, also for one that an older judge put off the scale
    return Severity(severity, highest, scales.words(scale, level, threshold), scales.fill(scale, level, threshold))


def parts(version: MetricVersion, counts: Mapping[str, int]) -> list[SeverityPart]:
    """The whole scale, what stays below the threshold as one part; `counts` are outputs by severity."""
    return [
        SeverityPart(band.range, band.word, band.fill, sum(int(counts.get(str(level), 0)) for level in range(band.first, band.last + 1)))
        for band in scales.bands(version.scale, version.threshold)
    ]
