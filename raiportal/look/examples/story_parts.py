"""What happened, what was said, what changed, and texts that are hidden until asked for."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.utils import timezone

from raiportal.look.comments import Comment
from raiportal.look.examples.pages import Component, StylePage
from raiportal.look.marks import Mark
from raiportal.look.timelines import Reference, ScoreShift, TimelineEntry

PROMPT_BEFORE = """You write a discharge summary from the ward notes below.
Use only drugs from the medication list.
Write doses as the notes write them.
Keep to one page.
Name the follow-up appointments.
Name the person to call.
Write for the general practitioner.
Do not add advice that the notes do not contain.
End with the allergies."""
PROMPT_AFTER = """You write a discharge summary from the ward notes below.
Use only drugs from the medication list, with the unit as written there.
If a note and the list disagree, write “check dose” and quote both.
Write doses as the notes write them.
Keep to one page.
Name the follow-up appointments.
Name the person to call.
Write for the general practitioner.
Do not add advice that the notes do not contain.
End with the allergies."""


class CommentForm(forms.Form):
    comment = forms.CharField(label="Comment", widget=forms.Textarea(attrs={"rows": 3}))


def _timeline(now: datetime.datetime) -> tuple[TimelineEntry, ...]:
    return (
        TimelineEntry(
            "Contained", now - datetime.timedelta(minutes=8), "clock", "ok", texts=["No new draft with the fault for 60 min"], note="Incident responder"
        ),
        TimelineEntry("Block rule B-118 in force", now - datetime.timedelta(minutes=70), "block", "bad", url="#timeline", about="in 6 of 6 processes"),
        TimelineEntry("Reported", now - datetime.timedelta(hours=2), "alert", "bad", texts=["By a ward pharmacist, through the feedback button"]),
    )


def _line(now: datetime.datetime) -> tuple[TimelineEntry, ...]:
    def days(count: int) -> datetime.datetime:
        return now - datetime.timedelta(days=count)

    return (
        TimelineEntry(
            title="INC-42 Wrong dose unit in three drafts",
            at=days(1),
            icon="alert",
            tone="bad",
            url="#line",
            stage="Operate",
            texts=["Milligrams written for micrograms. A pharmacist saw it before prescribing. Block rule B-118 in force after 11 minutes."],
            badge=Mark("Contained", "clock", "warn"),
            shift=ScoreShift("Residual", 12, before=9),
            references=[Reference("3 outputs", "#line"), Reference("2 pieces of feedback", "#line")],
        ),
        TimelineEntry(
            title="Measured again, R-209",
            at=days(6),
            icon="measure",
            tone="info",
            url="#line",
            stage="Measure",
            texts=["31 of 2,383 judged outputs, 1.3\u00a0% (0.9–1.8). Against R-198, paired: −0.1 points (−0.6 to 0.4), no change shown."],
            references=[Reference("31 outputs", "#line"), Reference("Judge J-4, sensitivity 0.91 (0.84–0.95)")],
        ),
        TimelineEntry(
            title="Metaprompt v11: drugs only from the list",
            at=days(94),
            icon="mitigate",
            tone="ok",
            url="#line",
            stage="Mitigate",
            texts=["2.3\u00a0% to 1.4\u00a0%, paired −0.9 points (−1.5 to −0.4), exact McNemar p 0.001."],
            badge=Mark("Verified", "holds", "ok"),
            shift=ScoreShift("Residual", 9, before=16),
        ),
        TimelineEntry(
            title="Origin: proposed from the impact assessment",
            at=days(202),
            icon="launch",
            stage="Identify",
            texts=["Section 5, stakeholder “patient”, known harm of summarising models. Scored by five people, two of them from outside."],
            shift=ScoreShift("Inherent", 20),
            references=[Reference("Impact assessment v1", "#line")],
            digest="9f4c 71ab",
        ),
    )


def _thread(now: datetime.datetime) -> tuple[Comment, ...]:
    answer = Comment("Risk manager", now - datetime.timedelta(minutes=40), "Agreed, linked. Let us run the micrograms stratum first.", reply_url="#comments")
    return (
        Comment("Clinical safety lead", now - datetime.timedelta(minutes=65), "The unit error belongs here and to H-30.", [answer], reply_url="#comments"),
        Comment("Product manager", now - datetime.timedelta(minutes=20), "", is_withdrawn=True),
    )


def _context() -> dict[str, Any]:
    now = timezone.now()
    return {
        "entries": _timeline(now),
        "line": _line(now),
        "thread": _thread(now),
        "comment_form": CommentForm(auto_id="comment_%s"),
        "before": PROMPT_BEFORE,
        "after": PROMPT_AFTER,
    }


PAGE = StylePage(
    slug="stories",
    title="History, talk and texts",
    about="What happened and why, what people said about it, what changed between two versions, and texts that may hurt.",
    template="look/stories.html",
    components=(
        Component("timeline", "Timeline", "What happened to one thing, newest first.", "{% timeline entries %} with TimelineEntry(...)"),
        Component("dated", "Timeline with dates", "Where the moments matter as much as the acts: an incident, a ledger.", "{% timeline entries dated=True %}"),
        Component(
            "line",
            "Harm line",
            "A harm from its origin to the last incident; what went wrong stands out.",
            "{% harm_line entries %} with badge=, shift=, references=",
        ),
        Component(
            "diff",
            "Difference",
            "Two versions of a text: lines added and removed, changed words marked, what stayed folded.",
            '{% diff before after "Metaprompt" "v11 to v12" %}',
        ),
        Component(
            "comments",
            "Discussion",
            "Comments with their answers, and the form for the next.",
            '{% comments thread %} with Comment(...)\n{% include "components/comment_form.html" with action=url form=form %}',
        ),
        Component(
            "veil",
            "Hidden text, then shown",
            "Prompts and outputs. The blurred letters are filler; the text comes when it is asked for, and asking is recorded.",
            '{% include "components/veil.html" with id=... length=output.length url=... of="N-0412" %}, veil_inline.html in rows',
        ),
        Component("quote", "Shown text", "Always escaped; .exact keeps every space.", '<div class="quote exact">{{ text }}</div>'),
    ),
    context=_context,
)
