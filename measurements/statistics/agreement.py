"""How far people, or a judge and people, agree: raw share, Cohen's kappa with and without weights, Krippendorff's alpha, each with an interval.

Kappa and alpha are 1 for full agreement, 0 for what chance alone would give, and None where everybody gave one and the same value: chance then agrees too,
and nothing was shown. The first call of alpha loads numpy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from measurements.statistics.intervals import Interval, exact_upper_bound_at_zero, wilson_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

RESAMPLES = 2_000
SEED = 20_080_301  # the same items give the same interval each time
LEAST_ITEMS = 2  # one item has no spread
NO_SPREAD = 1e-12  # a variance below this is rounding


class Weights(StrEnum):
    """What a disagreement counts: all the same, by its distance, or by the square of it."""

    NONE = "unweighted"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


class Level(StrEnum):
    """What the values are: names without an order, or levels with one."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"


@dataclass(frozen=True)
class Agreement:
    """A figure of agreement over so many items.

    `value` and `interval` are None without data, and where everybody gave the same value throughout; `interval` alone is None where the items show no spread.
    """

    value: float | None
    interval: Interval | None
    items: int
    name: str


def raw_agreement(pairs: Mapping[tuple[Hashable, Hashable], int], *, confidence: float = 0.95) -> Agreement:
    """Share of the items on which two raters said the same. `pairs` counts the items by what each said."""
    items, name = sum(pairs.values()), "raw agreement"
    if not items:
        return Agreement(None, None, 0, name)
    same = sum(count for (first, second), count in pairs.items() if first == second)
    return Agreement(same / items, wilson_interval(same, items, confidence=confidence), items, name)


def cohen_kappa(pairs: Mapping[tuple[int, int], int], levels: Sequence[int], weights: Weights = Weights.NONE, *, confidence: float = 0.95) -> Agreement:
    """Kappa of two raters; `pairs` counts the items by the level that each gave, `levels` are all of them in their order.

    Cohen (1960, 1968); the interval by the large-sample standard error of Fleiss, Cohen & Everitt (1969). With no disagreement at all that error is
    zero, and the lower bound comes from the exact bound at zero disagreements. Where it vanishes otherwise, as when one rater gave one level throughout
    and kappa is 0 whatever the other says, there is no interval: one without width would claim certainty.
    """
    name = "Cohen's kappa" if weights is Weights.NONE else f"Cohen's kappa, {weights} weights"
    items = sum(pairs.values())
    if not items:
        return Agreement(None, None, 0, name)
    shares = [[pairs.get((row, column), 0) / items for column in levels] for row in levels]
    credit = [[_credit(row, column, len(levels), weights) for column in range(len(levels))] for row in range(len(levels))]
    rows, columns = [sum(row) for row in shares], [sum(column) for column in zip(*shares, strict=True)]
    places = [(row, column) for row in range(len(levels)) for column in range(len(levels))]
    observed = sum(credit[i][j] * shares[i][j] for i, j in places)
    expected = sum(credit[i][j] * rows[i] * columns[j] for i, j in places)
    if expected > 1 - 1e-12:
        return Agreement(None, None, items, name)
    kappa = (observed - expected) / (1 - expected)
    if observed > 1 - 1e-12:
        low = 1 - exact_upper_bound_at_zero(items, confidence) / (1 - expected)
        return Agreement(1.0, Interval(max(-1.0, low), 1.0, "exact one-sided bound at no disagreement"), items, name)
    by_row = [sum(columns[j] * credit[i][j] for j in range(len(levels))) for i in range(len(levels))]
    by_column = [sum(rows[i] * credit[i][j] for i in range(len(levels))) for j in range(len(levels))]
    spread = sum(shares[i][j] * (credit[i][j] - (by_row[i] + by_column[j]) * (1 - kappa)) ** 2 for i, j in places)
    variance = spread - (kappa - expected * (1 - kappa)) ** 2
    if variance < NO_SPREAD:
        return Agreement(kappa, None, items, name)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(variance / items) / (1 - expected)
    return Agreement(kappa, Interval(max(-1.0, kappa - half), min(1.0, kappa + half), "Fleiss-Cohen-Everitt"), items, name)


def krippendorff_alpha(items: Sequence[Sequence[int | None]], level: Level = Level.NOMINAL, *, confidence: float = 0.95) -> Agreement:
    """Alpha of any number of raters, who need not have rated every item: each item is what was given to it, None or left out where somebody didn't rate.

    Krippendorff (2011); the interval by resampling items, percentiles of 2,000 resamples with a fixed seed. Items with fewer than two values say nothing
    about agreement and are left out, and out of `Agreement.items` too. With no disagreement at all the lower bound comes from the exact bound at zero.
    """
    import numpy as np

    name = f"Krippendorff's alpha, {level}"
    rated = [tuple(sorted(value for value in item if value is not None)) for item in items]
    patterns = Counter(values for values in rated if len(values) > 1)
    total = patterns.total()
    values = sorted({value for pattern in patterns for value in pattern})
    if len(values) < 2:
        return Agreement(None, None, total, name)
    pairings = np.array([_coincidences(pattern, values) for pattern in patterns])
    often = np.array(list(patterns.values()), dtype=float)
    alpha = float(_alphas(often @ pairings.reshape(len(often), -1), len(values), level)[0])
    if all(len(set(pattern)) == 1 for pattern in patterns):
        expected = _expected(often @ pairings.reshape(len(often), -1), len(values), level)
        low = 1 - exact_upper_bound_at_zero(total, confidence) / expected
        return Agreement(1.0, Interval(max(-1.0, low), 1.0, "exact one-sided bound at no disagreement"), total, name)
    if total < LEAST_ITEMS:
        return Agreement(alpha, None, total, name)
    drawn = np.random.default_rng(SEED).multinomial(total, often / total, size=RESAMPLES)
    alphas = _alphas(drawn @ pairings.reshape(len(often), -1), len(values), level)
    tail = 100 * (1 - confidence) / 2
    low, high = np.nanpercentile(alphas, [tail, 100 - tail])
    return Agreement(alpha, Interval(float(low), float(high), f"bootstrap over {total:,} items"), total, name)


def _credit(row: int, column: int, levels: int, weights: Weights) -> float:
    """What two answers so far apart are worth, 1 for the same."""
    if weights is Weights.NONE:
        return float(row == column)
    distance = abs(row - column) / (levels - 1) if levels > 1 else 0.0
    return 1 - (distance if weights is Weights.LINEAR else distance**2)


def _coincidences(pattern: Sequence[int], values: Sequence[int]) -> list[list[float]]:
    """How often each ordered pair of values stands together in one item, over the item's values less one."""
    counts = [pattern.count(value) for value in values]
    share = 1 / (len(pattern) - 1)
    return [[share * counts[i] * (counts[j] - (i == j)) for j in range(len(values))] for i in range(len(values))]


def _alphas(flat: Matrix, size: int, level: Level) -> Matrix:
    """Alpha of each coincidence matrix; not a number where only one value occurs."""
    import numpy as np

    matrices = np.atleast_2d(flat).reshape(-1, size, size)
    totals = matrices.sum(axis=2)
    n = totals.sum(axis=1)
    distances = _distances(totals, level)
    observed = (matrices * distances).sum(axis=(1, 2)) / n
    expected = (totals[:, :, None] * totals[:, None, :] * distances).sum(axis=(1, 2)) / (n * (n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def _expected(flat: Matrix, size: int, level: Level) -> float:
    """Disagreement by chance, as a share of the largest distance between two values."""
    matrix = flat.reshape(1, size, size)
    totals = matrix.sum(axis=2)
    n = float(totals.sum())
    distances = _distances(totals, level)
    return float((totals[:, :, None] * totals[:, None, :] * distances).sum() / (n * (n - 1)) / distances.max())


def _distances(totals: Matrix, level: Level) -> Matrix:
    """Squared distance of each two values, for each matrix: 1 for names; for levels the ratings that lie between them, half of the ends' own."""
    import numpy as np

    size = totals.shape[1]
    if level is Level.NOMINAL:
        return np.broadcast_to(1 - np.eye(size), (len(totals), size, size))
    middles = np.cumsum(totals, axis=1) - totals / 2
    return np.asarray((middles[:, :, None] - middles[:, None, :]) ** 2)
