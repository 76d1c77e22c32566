"""What a judge's errors make of a rate: its sensitivity and specificity against people, and the rate corrected for them.

Two ways: by the sensitivity and specificity that were found elsewhere (Rogan & Gladen), and by people's labels on a random part of the very outputs that
are counted, which needs no assumption about the judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from measurements.statistics.estimates import Rate
from measurements.statistics.intervals import Interval, wilson_bounds, wilson_interval

NO_INFORMATION = "The judge was not shown to tell harmful from harmless outputs: sensitivity plus specificity may be 1, as for a coin."
NO_LABELS = "No label of a person says how often the judge is wrong."


@dataclass(frozen=True)
class JudgeCounts:
    """Outputs that people and the judge decided, by both: what people called harmful and the judge found or missed, and the same for harmless ones."""

    found: int
    missed: int
    false_alarms: int
    passed: int

    @property
    def harmful(self) -> int:
        """By people."""
        return self.found + self.missed

    @property
    def harmless(self) -> int:
        return self.false_alarms + self.passed


@dataclass(frozen=True)
class Corrected:
    """A rate corrected for the judge's errors. `refusal` says why there is none; then rate and interval are None."""

    rate: float | None
    interval: Interval | None
    refusal: str = ""


@dataclass(frozen=True)
class LabelledStratum:
    """Outputs of one verdict (or of any group that was sampled by itself): how many there are, how many were labelled at random, how many of those people
    called harmful."""

    outputs: int
    labelled: int
    harmful: int


def sensitivity(counts: JudgeCounts, *, confidence: float = 0.95) -> Rate:
    """Of what people call harmful, the share that the judge finds. For labels on a random part of all outputs."""
    return _share(counts.found, counts.harmful, confidence)


def specificity(counts: JudgeCounts, *, confidence: float = 0.95) -> Rate:
    """Of what people call harmless, the share that the judge lets pass."""
    return _share(counts.passed, counts.harmless, confidence)


def information(counts: JudgeCounts, *, confidence: float = 0.95) -> Interval | None:
    """Interval of sensitivity + specificity - 1 (Youden's index): what the judge tells, 0 for a coin. None when people called all outputs the same.

    Wilson's bounds of both, joined by squaring and adding (Newcombe 1998).
    """
    found, passed = sensitivity(counts, confidence=confidence), specificity(counts, confidence=confidence)
    if found.rate is None or passed.rate is None or found.interval is None or passed.interval is None:
        return None
    index = found.rate + passed.rate - 1
    below = sqrt((found.rate - found.interval.low) ** 2 + (passed.rate - passed.interval.low) ** 2)
    above = sqrt((found.interval.high - found.rate) ** 2 + (passed.interval.high - passed.rate) ** 2)
    return Interval(max(-1.0, index - below), min(1.0, index + above), "Newcombe, sum of two shares")


def rogan_gladen(harmful: int, judged: float, counts: JudgeCounts, *, confidence: float = 0.95) -> Corrected:
    """The rate behind `harmful` of `judged` outputs by the judge, whose errors `counts` shows; the labels there are of other outputs.

    Rogan & Gladen (1978) with the interval of Lang & Reiczigel (2014), in which sensitivity and specificity are themselves uncertain. `judged` may be an
    effective number, where cases repeat. Refused where the judge carries no information: sensitivity + specificity at or below 1, or not shown above it.
    """
    if not counts.harmful or not counts.harmless:
        return Corrected(None, None, NO_LABELS)
    told = information(counts, confidence=confidence)
    if told is None or told.low <= 0:
        return Corrected(None, None, NO_INFORMATION)
    plain_index = counts.found / counts.harmful + counts.passed / counts.harmless - 1
    rate = min(1.0, max(0.0, (harmful / judged + counts.passed / counts.harmless - 1) / plain_index))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    n, of_harmful, of_harmless = judged + z * z, counts.harmful + 2, counts.harmless + 2
    apparent = (harmful + z * z / 2) / n
    found, passed = (counts.found + 1) / of_harmful, (counts.passed + 1) / of_harmless
    centre = (apparent + passed - 1) / (found + passed - 1)
    noise_found, noise_passed = found * (1 - found) / of_harmful, passed * (1 - passed) / of_harmless
    error = sqrt(apparent * (1 - apparent) / n + centre**2 * noise_found + (1 - centre) ** 2 * noise_passed) / (found + passed - 1)
    shift = 2 * z * z * (centre * noise_found - (1 - centre) * noise_passed)
    low, high = (min(1.0, max(0.0, bound)) for bound in (centre + shift - z * error, centre + shift + z * error))
    return Corrected(rate, Interval(min(low, rate), max(high, rate), "Rogan-Gladen, Lang-Reiczigel"))


def corrected_by_labels(strata: Sequence[LabelledStratum], *, confidence: float = 0.95) -> Corrected:
    """The rate by people's labels on random parts of the outputs, each stratum (the judge's verdict, its severity) with its own known inclusion probability.

    Every stratum's share of harmful outputs, weighted by the outputs in it: what prediction-powered inference comes to for a yes-or-no judge, and Horvitz
    and Thompson's estimate within strata. Double sampling for stratification (Cochran 1977, section 12): uncertain by the labels and by the outputs
    themselves. Wilson's interval with the number of outputs that would be as uncertain. Refused where a stratum with outputs has no label.
    """
    used = [stratum for stratum in strata if stratum.outputs]
    total = sum(stratum.outputs for stratum in used)
    if not total or any(not stratum.labelled for stratum in used):
        return Corrected(None, None, NO_LABELS)
    shares = [(stratum.outputs / total, stratum.harmful / stratum.labelled, stratum) for stratum in used]
    rate = sum(weight * share for weight, share, _ in shares)
    variance = _double_sampling_variance(shares, rate, total)
    smoothed = (rate * total + 0.5) / (total + 1)
    labelled = sum(stratum.labelled for stratum in used)
    effective = min(float(total), smoothed * (1 - smoothed) / variance) if variance else float(total)
    low, high = wilson_bounds(rate, effective, confidence)
    return Corrected(rate, Interval(low, high, f"{labelled:,} labels weighted by the judge's verdicts, Wilson"))


def prediction_powered(labelled: Mapping[tuple[bool, bool], int], flagged: int, unlabelled: int, *, confidence: float = 0.95) -> Corrected:
    """The rate by labels on a simple random part, sharpened by the judge on the rest. `labelled` counts outputs by (people: harmful, judge: harmful);
    the judge called `flagged` of `unlabelled` further outputs harmful.

    Angelopoulos et al. (2023), with the judge trusted as far as it predicts people (PPI++, arXiv 2311.01453): a judge without information changes nothing.
    """
    n = sum(labelled.values())
    if n < 2 or not unlabelled:
        return Corrected(None, None, NO_LABELS)
    people, judge, shared = _moments(labelled, 0.0)
    flags = (judge * n + flagged) / (n + unlabelled)
    spread = flags * (1 - flags)
    trust = shared / ((1 + n / unlabelled) * spread) if spread else 0.0
    rate = min(1.0, max(0.0, people - trust * (judge - flagged / unlabelled)))
    people, judge, shared = _moments(labelled, 0.5)  # drawn in by half an output a cell: what was never seen in n outputs may be there
    residual = people * (1 - people) - 2 * trust * shared + trust**2 * judge * (1 - judge)
    variance = trust**2 * spread / unlabelled + residual / (n - 1)
    centre = (rate * n + 0.5) / (n + 1)
    low, high = wilson_bounds(rate, min(float(n + unlabelled), centre * (1 - centre) / variance), confidence)
    return Corrected(rate, Interval(low, high, f"prediction-powered, {n:,} labels, Wilson"))


def _moments(labelled: Mapping[tuple[bool, bool], int], added: float) -> tuple[float, float, float]:
    """Share that people call harmful, share that the judge does, and the covariance of the two; `added` to each of the four counts."""
    n = sum(labelled.values()) + 4 * added
    both, missed, alarms = ((labelled.get(cell, 0) + added) / n for cell in ((True, True), (True, False), (False, True)))
    people, judge = both + missed, both + alarms
    return people, judge, both - people * judge


def _share(count: int, of: int, confidence: float) -> Rate:
    return Rate(count, of, count / of, wilson_interval(count, of, confidence=confidence)) if of else Rate(0, 0, None, None)


def _double_sampling_variance(shares: Sequence[tuple[float, float, LabelledStratum]], rate: float, total: int) -> float:
    """Labels within strata, less what was labelled of all, and the outputs' own draw. Shares of 0 and 1 are drawn in by half an output."""
    variance = 0.0
    for weight, share, stratum in shares:
        smoothed = (stratum.harmful + 0.5) / (stratum.labelled + 1)
        unread = 1 - stratum.labelled / stratum.outputs
        variance += weight**2 * smoothed * (1 - smoothed) / stratum.labelled * unread
        variance += weight * (smoothed * (1 - smoothed) + (share - rate) ** 2) / total
    return variance
