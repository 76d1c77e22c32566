"""Figures of a measurement: intervals, estimates from counts of rows, comparisons, agreement, correction for a judge's errors, and how much to measure.

Pure functions without a database. Rates are fractions from 0 to 1; every interval names its method.
"""

from __future__ import annotations

from measurements.statistics.agreement import Agreement, Level, Weights, cohen_kappa, krippendorff_alpha, raw_agreement
from measurements.statistics.comparing import NotWorse, PairedSums, clustered_difference, not_worse, unpaired_interval
from measurements.statistics.correction import (
    Corrected,
    JudgeCounts,
    LabelledStratum,
    corrected_by_labels,
    information,
    prediction_powered,
    rogan_gladen,
    sensitivity,
    specificity,
)
from measurements.statistics.estimates import Estimate, OutcomeCounts, Rate, StratifiedEstimates, Verdict, estimate, estimate_strata, verdict
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
from measurements.statistics.pairs import PairCounts, holm, mcnemar_exact, mcnemar_mid_p, paired_difference, paired_interval
from measurements.statistics.planning import outputs_for_claim, outputs_for_width, outputs_for_zero_claim, outputs_with_repeats, pairs_for_difference
from measurements.statistics.sentences import percent, sentence
from measurements.statistics.severities import Exceedance, exceedances, mean_severity
from measurements.statistics.weighting import WeightedRate, WeightedStratum, weighted_rate

__all__ = [
    "Agreement",
    "CaseSums",
    "ClusterSums",
    "Corrected",
    "Estimate",
    "Exceedance",
    "Interval",
    "JudgeCounts",
    "LabelledStratum",
    "Level",
    "NotWorse",
    "OutcomeCounts",
    "PairCounts",
    "PairedSums",
    "Rate",
    "StratifiedEstimates",
    "Verdict",
    "WeightedRate",
    "WeightedStratum",
    "Weights",
    "clopper_pearson_interval",
    "clustered_difference",
    "clustered_interval",
    "cohen_kappa",
    "corrected_by_labels",
    "design_effect",
    "estimate",
    "estimate_strata",
    "exact_upper_bound_at_zero",
    "exceedances",
    "holm",
    "information",
    "krippendorff_alpha",
    "mcnemar_exact",
    "mcnemar_mid_p",
    "mean_severity",
    "not_worse",
    "outputs_for_claim",
    "outputs_for_width",
    "outputs_for_zero_claim",
    "outputs_with_repeats",
    "paired_difference",
    "paired_interval",
    "pairs_for_difference",
    "percent",
    "prediction_powered",
    "raw_agreement",
    "rogan_gladen",
    "sensitivity",
    "sentence",
    "specificity",
    "unpaired_interval",
    "verdict",
    "weighted_rate",
    "wilson_interval",
]
