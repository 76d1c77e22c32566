"""How many outputs a measurement needs before it is started: for a claim, for a width, for a difference between two runs.

All counts are of independent outputs. Where cases repeat, multiply by the design effect that an earlier run showed (`outputs_with_repeats`). The first call
of some loads scipy.
"""

from __future__ import annotations

from math import ceil, log, sqrt
from statistics import NormalDist

from measurements.statistics.intervals import wilson_bounds

MOST_OUTPUTS = 10_000_000  # what needs more is not measured by sampling


def outputs_for_zero_claim(target: float, *, confidence: float = 0.95) -> int:
    """Outputs without a single harm that show a rate of at most `target`: 299 for 1 %, 598 for 0.5 %, 2,995 for 0.1 %.

    The inverse of the exact bound at zero: ln(alpha) / ln(1 - target).
    """
    _check_share(target, "A target")
    return ceil(log(1 - confidence) / log(1 - target))


def outputs_for_claim(target: float, expected: float, *, power: float = 0.8, confidence: float = 0.95) -> int | None:
    """Fewest outputs of which it is likely (`power`) that they show a rate of at most `target`, if the true rate is `expected`, below the target.

    One-sided exact bound (Clopper-Pearson). From that number on any number will do: the steps of the binomial are passed over. None where more than
    MOST_OUTPUTS are needed. With an expected rate of zero it is `outputs_for_zero_claim`.
    """
    _check_share(target, "A target")
    if not 0 <= expected < target:
        raise ValueError("The expected rate lies below the target, or no number of outputs shows it.")
    if expected == 0:
        return outputs_for_zero_claim(target, confidence=confidence)
    enough = outputs_for_zero_claim(target, confidence=confidence)
    while _power(enough, target, expected, confidence) < power:
        enough *= 2
        if enough > MOST_OUTPUTS:
            return None
    short = enough // 2
    while enough - short > 1:
        middle = (short + enough) // 2
        if _worst_power_nearby(middle, target, expected, confidence) >= power:
            enough = middle
        else:
            short = middle
    return enough


def outputs_for_width(rate: float, half_width: float, *, confidence: float = 0.95) -> int | None:
    """Fewest outputs whose Wilson interval is at most twice `half_width` wide, at about `rate`. None where more than MOST_OUTPUTS are needed."""
    _check_share(half_width, "A half width")
    if not 0 <= rate <= 1:
        raise ValueError("A rate lies between 0 and 1.")
    if _wilson_width(rate, MOST_OUTPUTS, confidence) > 2 * half_width:
        return None
    short, enough = 0, MOST_OUTPUTS
    while enough - short > 1:
        middle = (short + enough) // 2
        if _wilson_width(rate, middle, confidence) <= 2 * half_width:
            enough = middle
        else:
            short = middle
    return enough


def pairs_for_difference(difference: float, changed: float, *, power: float = 0.8, confidence: float = 0.95) -> int:
    """Pairs of outputs that find a difference of two rates, if the share `changed` of pairs turns one way or the other; Connor (1987), Biometrics 43:207.

    `changed` is at least the difference, whose sign doesn't matter.
    """
    size = abs(difference)
    if not 0 < size <= changed <= 1:
        raise ValueError("At least as many pairs change as the rates differ, and the rates differ.")
    of_error, of_power = NormalDist().inv_cdf((1 + confidence) / 2), NormalDist().inv_cdf(power)
    return ceil((of_error * sqrt(changed) + of_power * sqrt(changed - size**2)) ** 2 / size**2)


def outputs_with_repeats(outputs: int, design_effect: float) -> int:
    """Outputs that tell as much as so many independent ones, where outputs of one case resemble each other; a design effect is at least 1."""
    return ceil(outputs * max(1.0, design_effect))


def _power(n: int, target: float, expected: float, confidence: float) -> float:
    """How likely `n` outputs at the expected rate have so few harms that the exact one-sided bound is at most the target."""
    from scipy.special import bdtr, bdtrik

    most = float(bdtrik(1 - confidence, n, target))  # the largest count whose tail at the target is no more than alpha
    allowed = int(most + 1e-9)
    while allowed >= 0 and float(bdtr(allowed, n, target)) > 1 - confidence:
        allowed -= 1
    return float(bdtr(allowed, n, expected)) if allowed >= 0 else 0.0


def _worst_power_nearby(n: int, target: float, expected: float, confidence: float) -> float:
    """Least power of `n` and the numbers just above, over one step of the binomial: power falls between steps."""
    step = max(1, ceil(1 / target))
    return min(_power(more, target, expected, confidence) for more in range(n, n + step + 1, max(1, step // 32)))


def _wilson_width(rate: float, n: int, confidence: float) -> float:
    low, high = wilson_bounds(rate, n, confidence)
    return high - low


def _check_share(share: float, what: str) -> None:
    if not 0 < share < 1:
        raise ValueError(f"{what} lies between 0 and 1.")
