"""One score for severity and frequency, and which of a harm's scores ranks it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


# --- Whatever is stated ---
level = st.integers(1, 5)
places = st.lists(
    st.dictionaries(st.sampled_from(RiskPointKind), st.tuples(level, level), max_size=4).map(
        lambda said: {kind: scoring.Stated(kind, *levels) for kind, levels in said.items()}
    ),
    max_size=5,
)


@given(level, level, level, level)
def test_worse_on_both_axes_is_never_a_lower_score_or_level(severity: int, frequency: int, more: int, oftener: int) -> None:
    less, worse = scoring.score(severity, frequency), scoring.score(max(severity, more), max(frequency, oftener))
    assert less.value == scoring.score(frequency, severity).value
    assert (less.value, less.level) <= (worse.value, worse.level)
    assert less.level <= worse.level


@given(places, st.randoms())
def test_a_harm_takes_the_worst_of_its_places_in_whatever_order(stated: list[dict[RiskPointKind, scoring.Stated]], random: Random) -> None:
    found = scoring.columns(stated)
    shuffled = list(stated)
    random.shuffle(shuffled)
    assert scoring.columns(shuffled) == found
    assert found["priority"] == max((ranks.score for place in stated if (ranks := scoring.ranking(place))), default=0)
    for kind in RiskPointKind:
        scores = [place[kind].score for place in stated if kind in place]
        assert found[f"{kind}_score"] == max(scores, default=None)
        if scores:
            assert found[f"{kind}_score"] == (found[f"{kind}_severity"] or 0) * (found[f"{kind}_frequency"] or 0)


@given(places.filter(bool))
def test_one_more_place_never_makes_a_harm_less_of_a_risk(stated: list[dict[RiskPointKind, scoring.Stated]]) -> None:
    assert (scoring.columns(stated[1:])["priority"] or 0) <= (scoring.columns(stated)["priority"] or 0)
