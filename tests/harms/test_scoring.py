"""One score for severity and frequency, and which of a harm's scores ranks it."""

from __future__ import annotations

import pytest

from harms import scoring
from harms.enums import RiskPointKind

# severity 5 (top) to 1, frequency 1 to 5
LEVELS = (
    (2, 3, 4, 5, 5),
    (2, 3, 3, 4, 5),
    (1, 2, 3, 3, 4),
    (1, 2, 2, 3, 3),
    (1, 1, 1, 2, 2),
)


def test_every_cell_of_the_map_has_its_level() -> None:
    found = tuple(tuple(scoring.score(severity, frequency).level for frequency in range(1, 6)) for severity in range(5, 0, -1))

    assert found == LEVELS


@pytest.mark.parametrize(
    ("value", "word"), [((4, 2), "medium"), ((3, 3), "medium"), ((3, 4), "medium"), ((3, 5), "high"), ((4, 4), "high"), ((4, 5), "critical")]
)
def test_score_says_its_level_and_its_inputs(value: tuple[int, int], word: str) -> None:
    scored = scoring.score(*value)

    assert (scored.value, scored.word) == (value[0] * value[1], word)
    assert scored.words == f"severity {value[0]} × frequency {value[1]}"


@pytest.mark.parametrize("levels", [(0, 1), (6, 1), (1, 0), (1, 6)])
def test_levels_outside_the_scale_are_refused(levels: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="from 1 to 5"):
        scoring.score(*levels)


@pytest.mark.parametrize(
    ("inherent", "measured", "residual", "observed", "kind"),
    [
        (None, None, None, None, None),
        (20, None, None, None, RiskPointKind.INHERENT),
        (20, 12, None, None, RiskPointKind.MEASURED),
        (20, 12, 6, None, RiskPointKind.RESIDUAL),
        (20, 12, 6, 4, RiskPointKind.RESIDUAL),
        (20, 12, 6, 9, RiskPointKind.OBSERVED),
        (None, None, None, 9, RiskPointKind.OBSERVED),
    ],
)
def test_rank_is_what_is_left_unless_operation_shows_worse(
    inherent: int | None, measured: int | None, residual: int | None, observed: int | None, kind: RiskPointKind | None
) -> None:
    assert scoring.ranking_kind(inherent, measured, residual, observed) == kind
