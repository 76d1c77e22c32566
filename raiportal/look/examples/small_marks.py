"""Buttons, states, scores, and how figures and times are written."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from raiportal.look import marks
from raiportal.look.examples.pages import Component, StylePage
from raiportal.look.marks import Mark

BADGES = (marks.HOLDS, marks.STALE, marks.FAILS, marks.MISSING, marks.RUNNING, marks.DRAFT, Mark("Blocked", "lock", "bad"), Mark("Due in 2 h", "clock", "warn"))
LOUD = (Mark("Completed", "holds", "ok"), marks.RUNNING, Mark("With gaps", "stale", "warn"), Mark("Failed", "fails", "bad"), marks.DRAFT)
VERDICTS = (Mark("Within target", "holds", "ok"), Mark("Not shown", "stale", "warn"), Mark("Above target", "fails", "bad"))


def _context() -> dict[str, Any]:
    now = timezone.now()
    return {
        "badges": BADGES,
        "loud": LOUD,
        "verdicts": VERDICTS,
        "risk_scores": (2, 6, 12, 16, 25),
        "severities": (0, 3, 5, 7),
        "score_path": (20, 20, 16, 16, 9, 9, 12),
        "an_hour_ago": now - datetime.timedelta(minutes=70),
        "days_ago": now - datetime.timedelta(days=4),
        "weeks_ago": now - datetime.timedelta(days=40),
        "in_two_hours": now + datetime.timedelta(hours=2, minutes=5),
    }


PAGE = StylePage(
    slug="marks",
    title="Marks and figures",
    about="The smallest parts: what a state, a score, a figure and a moment look like everywhere.",
    template="look/marks.html",
    components=(
        Component(
            "buttons",
            "Buttons",
            "They name the act and its object. One primary a view; danger only for what takes something away, never for navigation.",
            '<button class="button primary" type="submit">{% icon "play" %}Start run</button>\nAlso: .danger .quiet .small .big',
        ),
        Component(
            "badges",
            "Badges",
            "A state beside a title. Loud is the page's own state, once a page.",
            '{% badge mark %}\n{% badge "Blocked" "lock" "bad" loud=True %}',
        ),
        Component("states", "States and risk levels", "In tables and lists, where a box would be noise.", "{% state mark %}\n{% risk 4 %}"),
        Component(
            "scores",
            "Scores and severities",
            "Risk 1 to 25, severity of an output 0 to 7. Where there is no number yet a dash stands, never 0.",
            "{% score 12 %}\n{% score None %}\n{% severity 5 %}",
        ),
        Component(
            "small",
            "Tally, path, avatar, key, digest",
            "A tick for each requirement; a score's way; initials beside a name; a key; the start of a digest.",
            '{% tally 8 1 2 %}\n{% spark scores %}\n{% avatar name %}\n<kbd class="key">7</kbd>\n{% digest value %}',
        ),
        Component(
            "figures",
            "Figures",
            "A rate carries its count, unit and interval; a figure and its unit never part at a line's end.",
            "{{ value|number }} {{ value|rate }} {{ value|threshold }} {{ value|money }}\n{{ value|duration }} {{ value|milliseconds }}\n"
            "{% interval low high %}\n{% counted_rate 31 2383 low high %}",
        ),
        Component(
            "times",
            "Times",
            "Relative within a week, after that the date; the exact moment is in the title.",
            "{% ago moment %}\n{{ moment|exact }}",
        ),
    ),
    context=_context,
)
