"""Texts that have to say something."""

from __future__ import annotations

import pytest

from raiportal.checks import require_text
from raiportal.errors import Invalid


@pytest.mark.parametrize(
    "blank",
    [
        "",
        " \t",
        "\N{RIGHT-TO-LEFT OVERRIDE}",
        "\N{ZERO WIDTH SPACE}" * 3,
        "\N{SOFT HYPHEN}",
        "\N{BRAILLE PATTERN BLANK}",
        "\N{HANGUL FILLER} \N{NO-BREAK SPACE}",
    ],
)
def test_text_that_nobody_sees_is_none(blank: str) -> None:
    with pytest.raises(Invalid, match="Say why") as refused:
        require_text(blank, field="reason", sentence="Say why.")

    assert refused.value.field == "reason"


@pytest.mark.parametrize("text", ["a", "0", "–", "医", "\N{RIGHT-TO-LEFT MARK}שלום", "👍🏽", "é"])
def test_text_of_any_script_is_kept_without_the_space_around_it(text: str) -> None:
    assert require_text(f" {text}\n", field="reason", sentence="Say why.") == text
