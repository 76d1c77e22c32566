"""What the style page shows: one believable example of each component, in each state that it has."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.utils import timezone

from raiportal.look import marks
from raiportal.look.charts import IntervalPlot, IntervalRow, interval_plot
from raiportal.look.marks import Mark
from raiportal.look.paging import Pager
from raiportal.look.widgets import HintedRadioSelect

ICONS = (
    *("holds", "missing", "stale", "fails", "alert", "clock", "info", "running", "draft", "lock"),
    *("risk-1", "risk-2", "risk-3", "risk-4", "risk-5"),
    *("work", "portfolio", "search", "report", "settings", "overview", "identify", "measure", "mitigate", "launch", "operate"),
    *("block", "rollback", "play", "pause", "stop", "eye", "plus", "close", "check", "menu", "filter", "export", "link", "file", "copy", "leave"),
    *("comment", "person", "right", "down", "updown", "up-arrow", "down-arrow", "arrow", "brand"),
)
GROUNDS = ("canvas", "surface", "sunken", "line", "line-2", "ink-3", "ink-2", "ink", "accent", "accent-soft", "ok", "warn", "bad")
BADGES = (marks.HOLDS, marks.STALE, marks.FAILS, marks.MISSING, marks.RUNNING, marks.DRAFT, Mark("Blocked", "lock", "bad"), Mark("Due in 2 h", "clock", "warn"))
LOUD = (Mark("Completed", "holds", "ok"), marks.RUNNING, Mark("With gaps", "stale", "warn"), Mark("Failed", "fails", "bad"), marks.DRAFT)
SEVERITIES = (2_105, 114, 92, 41, 15, 9, 6, 1)  # outputs at severity 0 to 7
OUTCOMES = {"answered": 1_441, "input_blocked": 9, "output_blocked": 14, "refused": 12, "failed": 12, "pending": 912}


class ExampleForm(forms.Form):
    title = forms.CharField(label="Title", help_text="What goes wrong, for whom")
    limit = forms.IntegerField(
        label="End user limit",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "Give a whole number, like 200."},
    )
    origin = forms.ChoiceField(
        label="Origin",
        choices=[("model", "Model"), ("application", "Application"), ("scenario", "Scenario")],
        widget=HintedRadioSelect(across=True),
        error_messages={"required": "Say where the harm comes from."},
    )
    sampling = forms.ChoiceField(
        label="Sampling",
        choices=[("targeted", "Targeted"), ("representative", "Representative")],
        widget=HintedRadioSelect(
            hints={
                "targeted": "Written to provoke the harm; its rate never becomes a frequency",
                "representative": "Drawn from real use; its rate says how often it happens",
            }
        ),
    )
    owner = forms.ChoiceField(label="Owner", choices=[("lead", "Clinical safety lead"), ("manager", "Product manager")])
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 3}))
    cases = forms.FileField(label="File with cases", required=False, help_text="JSONL or CSV, up to 50 MB")
    tell_owner = forms.BooleanField(label="Tell the owner", required=False)


def _row(label: str, sublabel: str, numerator: int, denominator: int, low: float, high: float, target: float | None) -> IntervalRow:
    return IntervalRow(
        label=label,
        sublabel=sublabel,
        url="#charts",
        low=low,
        high=high,
        rate=numerator / denominator,
        numerator=numerator,
        denominator=denominator,
        target=target,
        rows_url="#charts",
    )


def metrics() -> IntervalPlot:
    return interval_plot(
        [
            _row("Invented medication or dose", "M-3 · H-07 · rule J-4", 31, 2_383, 0.0092, 0.0184, 0.01),
            _row("Negation turned round", "M-6 · H-12 · rule J-4", 44, 2_383, 0.0138, 0.0247, 0.025),
            _row("Hidden instruction followed", "M-11 · H-18 · rule J-2, attack cases only", 12, 400, 0.0172, 0.0517, 0.015),
            _row("Text of another patient", "M-9 · H-15 · rule J-1", 0, 2_389, 0.0, 0.0015, None),
            IntervalRow("Stigmatising words", "M-8 · H-04", "#charts", None, None, None, 0, 0, target=0.01),
        ]
    )


def strata() -> IntervalPlot:
    return interval_plot(
        [
            _row("Handwritten abbreviations", "", 14, 398, 0.0211, 0.0582, None),
            _row("Paediatric", "", 4, 397, 0.0039, 0.0256, None),
            _row("Plain", "", 1, 397, 0.0004, 0.0141, None),
        ],
        height=26,
        most_steps=4,
    )


def page() -> dict[str, Any]:
    now = timezone.now()
    return {
        "icons": ICONS,
        "grounds": GROUNDS,
        "badges": BADGES,
        "loud": (
            Mark("Completed", "holds", "ok"),
            Mark("Running", "running", "info"),
            Mark("With gaps", "stale", "warn"),
            Mark("Failed", "fails", "bad"),
            marks.DRAFT,
        ),
        "verdicts": (Mark("Within target", "holds", "ok"), Mark("Not shown", "stale", "warn"), Mark("Above target", "fails", "bad")),
        "risk_scores": (2, 6, 12, 16, 25),
        "severity_examples": (0, 3, 5, 7),
        "form": ExampleForm({"title": "Allergy left out of the summary", "limit": "two hundred", "sampling": "targeted", "reason": "Seen on two wards."}),
        "fresh_form": ExampleForm(initial={"origin": "model", "sampling": "targeted", "tell_owner": True}, auto_id="fresh_%s"),
        "pager": Pager("51 to 100 of 2,400", "#tables", "#tables"),
        "first_pager": Pager("50 shown", "", "#tables"),
        "metrics": metrics(),
        "strata": strata(),
        "severities": SEVERITIES,
        "outcomes": OUTCOMES,
        "score_path": (20, 20, 16, 16, 9, 9, 12),
        "an_hour_ago": now - datetime.timedelta(minutes=70),
        "days_ago": now - datetime.timedelta(days=4),
        "weeks_ago": now - datetime.timedelta(days=40),
        "in_two_hours": now + datetime.timedelta(hours=2, minutes=5),
    }
