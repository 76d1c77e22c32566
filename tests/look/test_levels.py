from __future__ import annotations

import pytest

from raiportal.look.levels import Level, risk_level, severity_band


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (1, Level(1, "very low")),
        (3, Level(1, "very low")),
        (4, Level(2, "low")),
        (6, Level(2, "low")),
        (7, Level(3, "medium")),
        (12, Level(3, "medium")),
        (13, Level(4, "high")),
        (16, Level(4, "high")),
        (17, Level(5, "critical")),
        (25, Level(5, "critical")),
    ],
)
def test_risk_level_changes_where_the_scale_says(score: int, level: Level) -> None:
    assert risk_level(score) == level


@pytest.mark.parametrize("score", [0, 26, -1])
def test_risk_level_refuses_what_is_no_score(score: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 25"):
        risk_level(score)


@pytest.mark.parametrize(
    ("severity", "band"),
    [(0, Level(0, "safe")), (1, Level(0, "safe")), (2, Level(1, "low")), (5, Level(2, "medium")), (6, Level(3, "high")), (7, Level(3, "high"))],
)
def test_severity_band_pairs_the_eight_severities(severity: int, band: Level) -> None:
    assert severity_band(severity) == band


@pytest.mark.parametrize("severity", [-1, 8])
def test_severity_band_refuses_what_is_no_severity(severity: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 7"):
        severity_band(severity)
