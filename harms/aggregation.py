"""What several people's ratings of one harm say together. Levels are ordinal: steps 1 to 5 in order, with no distance between them, so there are no means.

Pure functions over levels. `formula` texts stand beside every figure on the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from harms.models import HIGHEST_LEVEL

FEWEST_FOR_OUTLIERS = 3  # ratings; of two people neither stands apart
OUTLIER_LEVELS = 2  # levels away from the median
MEDIAN_FORMULA = (
    "Median: the middle rating in order. Where two different levels lie in the middle, the higher one, since a risk is rather overrated than overlooked."
)
SPREAD_FORMULA = "Range: lowest to highest. Middle half: the ratings at a quarter and at three quarters of the order (the smallest level that so many reach)."
AGREEMENT_FORMULA = (
    "Agreement (Leik 1966, for ordered levels): 1 − 2 × Σ dᵢ ÷ 4, over the first four of the five levels, where Fᵢ is the share of ratings at level i or below "
    "and dᵢ the smaller of Fᵢ and 1 − Fᵢ. 1: all agree; 0: one half says 1 and the other 5."
)
OUTLIER_FORMULA = f"Stands apart: {OUTLIER_LEVELS} levels or more from the median on either axis, where at least {FEWEST_FOR_OUTLIERS} people rated."


@dataclass(frozen=True)
class Spread:
    """The levels of one axis together; all of them are levels from 1 to 5 that somebody may have given, `agreement` is from 0 to 1."""

    count: int
    median: int
    lower_median: int
    lowest: int
    highest: int
    lower_quartile: int
    upper_quartile: int
    agreement: float
    counts: tuple[int, ...]  # how many gave each level, lowest first

    @property
    def range_words(self) -> str:
        return str(self.lowest) if self.lowest == self.highest else f"{self.lowest} to {self.highest}"

    @property
    def middle_words(self) -> str:
        return str(self.lower_quartile) if self.lower_quartile == self.upper_quartile else f"{self.lower_quartile} to {self.upper_quartile}"

    @property
    def is_split(self) -> bool:
        """Two different levels lie in the middle."""
        return self.lower_median != self.median


@dataclass(frozen=True)
class Aggregate:
    """All ratings of one harm: both axes, and how many said that they can't judge it."""

    severity: Spread
    frequency: Spread
    cannot_judge: int

    @property
    def levels(self) -> tuple[int, int]:
        return self.severity.median, self.frequency.median


def spread(levels: Sequence[int]) -> Spread | None:
    """None where there are no levels. Raises ValueError for one outside 1 to 5."""
    if not levels:
        return None
    if any(not 1 <= level <= HIGHEST_LEVEL for level in levels):
        raise ValueError(f"levels are from 1 to {HIGHEST_LEVEL}")
    order, count = sorted(levels), len(levels)
    counted = Counter(order)
    return Spread(
        count=count,
        median=order[count // 2],
        lower_median=order[(count - 1) // 2],
        lowest=order[0],
        highest=order[-1],
        lower_quartile=_quantile(order, 1, 4),
        upper_quartile=_quantile(order, 3, 4),
        agreement=agreement(order),
        counts=tuple(counted[level] for level in range(1, HIGHEST_LEVEL + 1)),
    )


def _quantile(order: Sequence[int], part: int, of: int) -> int:
    """The smallest level that at least part/of of the ratings don't exceed: the inverse of the empirical distribution, so always a level that was given."""
    return order[-(-len(order) * part // of) - 1]


def agreement(levels: Sequence[int]) -> float:
    """Leik's consensus of ordered categories, 0 (two opposite halves) to 1 (all alike); `levels` has at least one. Leik 1966, Pacific Sociological Review 9."""
    total = len(levels)
    shares = [Fraction(sum(level <= top for level in levels), total) for top in range(1, HIGHEST_LEVEL)]
    dispersion = 2 * sum(min(share, 1 - share) for share in shares) / (HIGHEST_LEVEL - 1)
    return float(1 - dispersion)


def aggregate(pairs: Iterable[tuple[int, int] | None]) -> Aggregate | None:
    """Of (severity, frequency) of each rating, None for who can't judge. None where nobody judged."""
    given = list(pairs)
    judged = [pair for pair in given if pair is not None]
    severity, frequency = (spread([pair[axis] for pair in judged]) for axis in (0, 1))
    if severity is None or frequency is None:
        return None
    return Aggregate(severity, frequency, len(given) - len(judged))


def is_outlier(pair: tuple[int, int], found: Aggregate) -> bool:
    """Whether one rating stands apart from the medians of all, see OUTLIER_FORMULA."""
    if found.severity.count < FEWEST_FOR_OUTLIERS:
        return False
    return any(abs(level - median) >= OUTLIER_LEVELS for level, median in zip(pair, found.levels, strict=True))
