"""Figures of a measurement: intervals, estimates from counts of rows, and the sentence that states them.

Pure functions without a database. Rates are fractions from 0 to 1; every interval names its method.
"""

from __future__ import annotations

from measurements.statistics.estimates import (
    Estimate,
    OutcomeCounts,
    Rate,
    StratifiedEstimates,
    Verdict,
    estimate,
    estimate_strata,
    verdict,
)
from measurements.statistics.intervals import (
    CaseSums,
    ClusterSums,
    Interval,
    clopper_pearson_interval,
    clustered_interval,
    design_effect,
    exact_upper_bound_at_zero,
    wilson_interval,
)
from measurements.statistics.pairs import PairCounts, holm, mcnemar_exact, paired_difference, paired_interval
from measurements.statistics.sentences import percent, sentence

__all__ = [
    "CaseSums",
    "ClusterSums",
    "Estimate",
    "Interval",
    "OutcomeCounts",
    "PairCounts",
    "Rate",
    "StratifiedEstimates",
    "Verdict",
    "clopper_pearson_interval",
    "clustered_interval",
    "design_effect",
    "estimate",
    "estimate_strata",
    "exact_upper_bound_at_zero",
    "holm",
    "mcnemar_exact",
    "paired_difference",
    "paired_interval",
    "percent",
    "sentence",
    "verdict",
    "wilson_interval",
]
