"""Where things stand: facts, stages, what to do next, the four risk points, lists with a state in front."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from raiportal.look import marks
from raiportal.look.examples.pages import Component, StylePage
from raiportal.look.items import Evidence, Item
from raiportal.look.standings import Lack, NextStep, RiskPoint, StripStage

STAGES = (
    StripStage(
        "Identify",
        "#strip",
        13,
        1,
        1,
        [Lack("stale", "Impact assessment v3 is older than metaprompt v12", "#strip"), Lack("missing", "H-21 has one rater of three", "#strip")],
    ),
    StripStage(
        "Measure",
        "#strip",
        17,
        2,
        2,
        [Lack("missing", "H-09 and H-21 have no metric", "#strip"), Lack("stale", "6 metrics last run on metaprompt v11", "#strip")],
    ),
    StripStage("Mitigate", "#strip", 12, 0, 4, [Lack("missing", "H-07 and H-18 lean on one layer", "#strip")]),
    StripStage("Operate", "#strip", 15, 0, 0),
)
STEPS = (
    NextStep("Measure the active configuration C-31", "6 metrics were last run on C-30. 2,400 outputs, about $12, 5 minutes.", "Start run", "#next", "play"),
    NextStep("Supply the accessibility review", "Asked 19 Nov, due tomorrow. Two accessibility reviewers can give it.", "Remind", "#next"),
    NextStep("Rate H-21", "Your rating is one of two missing. It takes about three minutes.", "Rate", "#next"),
)
ITEMS = (
    Item("Safety system", "holds", "ok", text="Groundedness check, verified", digest="71ab 02e4"),
    Item("Application", "stale", "warn", text="Amber marks, not verified", mark=marks.STALE),
    Item("6 outputs", "missing", url="#items", text="Waiting for a labeller", side="2 days"),
    Item("B-118 in force", "holds", "ok", text="Pattern, response side, 9 hits in 68 min", side="Hits", side_url="#items"),
)
EVIDENCE = (
    Evidence("live", "Run R-209", "#evidence", "2,400 outputs, 16 Nov", digest="71ab 02e4"),
    Evidence("file", "Ward walk-through.pdf", "#evidence", "1.2 MB, added by Product manager", is_relied_on=True),
    Evidence("link", "Model card", "#evidence", "last reached today"),
    Evidence("live", "H-07 Invented medication or dose", "#evidence", "residual 12", icon="identify"),
)


def _context() -> dict[str, Any]:
    now = timezone.now()
    return {
        "stages": STAGES,
        "steps": STEPS,
        "items": ITEMS,
        "rows": EVIDENCE,
        "points": (
            RiskPoint("Inherent", 20, "severity 5 × frequency 4", "5 raters, spread 3 to 5", now - datetime.timedelta(days=194)),
            RiskPoint("Measured", 16, "severity 4 × frequency 4", "R-209, 1.3\u00a0% (0.9–1.8)", now - datetime.timedelta(days=6)),
            RiskPoint("Residual", 12, "severity 4 × frequency 3", "3 of 4 mitigations verified", now - datetime.timedelta(days=1), is_ranking=True),
            RiskPoint("Observed", None, note="Not in operation yet"),
        ),
    }


PAGE = StylePage(
    slug="standings",
    title="Where things stand",
    about="The answer first: what holds, what is missing, what to do about it.",
    template="look/standings.html",
    components=(
        Component(
            "facts",
            "Facts",
            "Label over value in a row; label beside value in a side column. Large for the few figures that a page is about.",
            '<dl class="facts rule"><div><dt>Done</dt><dd class="big">1,488</dd></div></dl>\n<dl class="facts list">',
        ),
        Component(
            "strip",
            "Stage strip",
            "A system's four stages: one tick for each requirement. Full holds, half is stale, outline is missing.",
            "{% strip stages %} with StripStage(...)",
        ),
        Component("next", "Do next", "At most three things, ranked, each with its button.", "{% next_steps steps may_act=decision %} with NextStep(...)"),
        Component("path", "Four risk points", "A harm's score, inherent to observed.", "{% risk_path points %} with RiskPoint(...)"),
        Component("items", "Items", "Checks and gaps: a state in front, words, something at the right.", "{% items rows %} with Item(...)"),
        Component("evidence", "Evidence", "What something rests on: kept files, links, live objects of the portal.", "{% evidence rows %} with Evidence(...)"),
        Component(
            "panel",
            "Panel",
            "Only around a thing that is used as one: a form, a track, a connection.",
            '<section class="panel"><div class="panel-head">...<div class="panel-body">...<div class="panel-foot">',
        ),
    ),
    context=_context,
)
