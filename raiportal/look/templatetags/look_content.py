"""Tags for what a page tells: what happened, what changed, what was said, what holds and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template

from raiportal.look import comments as discussions
from raiportal.look import differences
from raiportal.look.items import Evidence, Item
from raiportal.look.standings import NextStep, RiskPoint, StripStage
from raiportal.look.timelines import TimelineEntry

register = template.Library()


@register.inclusion_tag("components/timeline.html")
def timeline(entries: Sequence[TimelineEntry], id: str = "", *, dated: bool = False) -> dict[str, Any]:
    """What happened, in the order given; `dated` puts the moment in a column of its own."""
    return {"entries": entries, "id": id, "dated": dated}


@register.inclusion_tag("components/harm_line.html")
def harm_line(entries: Sequence[TimelineEntry], id: str = "") -> dict[str, Any]:
    """The line of a harm: dated entries, each on a card; those of tone "bad" stand out."""
    return {"entries": entries, "id": id}


@register.inclusion_tag("components/diff.html")
def diff(before: str, after: str, title: str = "", labels: str = "", *, context_lines: int = differences.CONTEXT_LINES) -> dict[str, Any]:
    """What changed from one text to another: lines in `<ins>` and `<del>`, changed words marked, the rest folded.

    `title` heads it, `labels` says what was compared ("v11 to v12").
    """
    return {"difference": differences.difference(before, after, context=context_lines), "title": title, "labels": labels}


@register.inclusion_tag("components/comments.html")
def comments(thread: Sequence[discussions.Comment]) -> dict[str, Any]:
    """A discussion; the form for a new comment is `components/comment_form.html`."""
    return {"thread": discussions.placed(thread)}


@register.inclusion_tag("components/items.html")
def items(items: Sequence[Item], *, tight: bool = True) -> dict[str, Any]:
    """Checks and gaps: icon, words, something at the right."""
    return {"items": items, "tight": tight}


@register.inclusion_tag("components/items.html")
def evidence(rows: Sequence[Evidence]) -> dict[str, Any]:
    """Files, links and live objects that something rests on."""
    return {"items": [row.item for row in rows], "tight": True}


@register.inclusion_tag("components/strip.html")
def strip(stages: Sequence[StripStage]) -> dict[str, Any]:
    """One row of stages with a tick for each requirement and what is lacking. Anything with the attributes of a `StripStage` will do."""
    return {"stages": stages}


@register.inclusion_tag("components/next_steps.html")
def next_steps(steps: Sequence[NextStep], *, may_act: Any = True, primary: bool = True) -> dict[str, Any]:
    """What to do, ranked; the first is the page's main act unless `primary` is off. Without the right to act there are no buttons."""
    return {"steps": steps, "may_act": bool(may_act), "has_primary": primary}


@register.inclusion_tag("components/risk_path.html")
def risk_path(points: Sequence[RiskPoint]) -> dict[str, Any]:
    """A harm's score, inherent, measured, residual and observed, side by side."""
    return {"points": points}
