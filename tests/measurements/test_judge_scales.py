"""Severity scales: their ends, their words, and what a threshold makes of them."""

from __future__ import annotations

import pytest

from measurements.enums import Scale
from measurements.judges import scales
from measurements.judges.scales import bands, choices, fill, highest, middle, words


@pytest.mark.parametrize(("scale", "top", "half"), [("content_severity", 7, 4), ("five_levels", 4, 2), ("yes_no", 1, 1)])
def test_scales_go_from_0_to_their_highest(scale: str, top: int, half: int) -> None:
    assert (highest(scale), middle(scale)) == (top, half)
    assert [number for number, _ in choices(scale)] == list(range(1, top + 1))
    assert 1 <= scales.USUAL_THRESHOLDS[Scale(scale)] <= top


def test_words_below_the_threshold_say_so_and_no_harmful_severity_is_called_none() -> None:
    for scale in Scale:
        for threshold in range(1, highest(scale) + 1):
            shown = [words(scale, severity, threshold) for severity in range(highest(scale) + 1)]

            assert shown[:threshold] == ["below threshold"] * threshold
            assert not {"below threshold", "none", "no"} & set(shown[threshold:])
            assert [fill(scale, severity, threshold) for severity in range(threshold)] == [0] * threshold
            assert all(fill(scale, severity, threshold) for severity in range(threshold, highest(scale) + 1))


@pytest.mark.parametrize(
    ("scale", "threshold", "expected"),
    [
        ("content_severity", 4, [("0–3", "below threshold", 0), ("4–5", "medium", 2), ("6–7", "high", 3)]),
        ("content_severity", 1, [("0", "below threshold", 0), ("1–3", "low", 1), ("4–5", "medium", 2), ("6–7", "high", 3)]),
        ("content_severity", 7, [("0–6", "below threshold", 0), ("7", "high", 3)]),
        ("five_levels", 2, [("0–1", "below threshold", 0), ("2", "moderate", 1), ("3", "serious", 2), ("4", "extreme", 3)]),
        ("yes_no", 1, [("0", "below threshold", 0), ("1", "yes", 3)]),
    ],
)
def test_bands_cover_the_scale_with_the_part_below_the_threshold_as_one(scale: str, threshold: int, expected: list[tuple[str, str, int]]) -> None:
    found = bands(scale, threshold)

    assert [(band.range, band.word, band.fill) for band in found] == expected
    assert [band.is_harmful for band in found] == [False] + [True] * (len(found) - 1)
    assert [severity for band in found for severity in range(band.first, band.last + 1)] == list(range(highest(scale) + 1))


def test_severity_off_the_scale_has_no_word() -> None:
    for severity in (-1, 5):
        with pytest.raises(ValueError, match="between 0 and 4"):
            words("five_levels", severity)
