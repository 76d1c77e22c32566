"""How often the intervals of a rate hold it, computed exactly: the binomial's probabilities of the counts whose interval does, on a stated grid of n and p."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import binom

from measurements.statistics import Interval, clopper_pearson_interval, wilson_interval
from tests import figures

GRID_N = (10, 20, 50, 100, 200)
GRID_P = tuple(np.round(np.concatenate([np.arange(0.005, 0.1, 0.005), np.arange(0.1, 0.51, 0.02)]), 4))  # beyond one half it mirrors


def test_clopper_pearson_covers_at_least_as_often_as_it_says() -> None:
    covered = _coverage(clopper_pearson_interval)

    figures.tell(f"coverage: Clopper-Pearson at least {covered.min():.4f}, mean {covered.mean():.4f}")
    assert covered.min() >= 0.95


def test_wilson_covers_as_often_on_average() -> None:
    covered = _coverage(wilson_interval)
    worst = np.unravel_index(covered.argmin(), covered.shape)

    figures.tell(f"coverage: Wilson's mean {covered.mean():.4f}, least {covered.min():.4f} at n = {GRID_N[worst[0]]}, p = {GRID_P[worst[1]]}")
    assert covered.mean() >= 0.94


def _coverage(method: Callable[[int, int], Interval]) -> np.ndarray:
    """Rows by n, columns by p."""
    return np.array([_covered(n, [method(count, n) for count in range(n + 1)]) for n in GRID_N])


def _covered(n: int, intervals: list[Interval]) -> list[float]:
    lows, highs = np.array([one.low for one in intervals]), np.array([one.high for one in intervals])
    return [float(binom.pmf(np.arange(n + 1), n, p)[(lows <= p) & (p <= highs)].sum()) for p in GRID_P]
