"""Tags that draw charts. What they draw is worked out in `raiportal.look`; each has its numbers as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils import timezone

from raiportal.look import charts
from raiportal.look.clocks import Clock, clock_face
from raiportal.look.dumbbells import Dumbbells
from raiportal.look.funnels import Funnel
from raiportal.look.heat_maps import HeatMap
from raiportal.look.trends import Trend

register = template.Library()


@register.inclusion_tag("components/tally.html")
def tally(holds: int, stale: int = 0, missing: int = 0) -> dict[str, Any]:
    return {"tally": charts.tally(holds, stale, missing)}


@register.inclusion_tag("components/spark.html")
def spark(values: Sequence[int]) -> dict[str, Any]:
    return {"spark": charts.sparkline(values)}


@register.inclusion_tag("components/interval_plot.html")
def interval_plot(
    plot: charts.IntervalPlot, heading: str = "Metric", counted: str = "Harmful / judged", caption: str = "", *, tight: bool = False
) -> dict[str, Any]:
    return {"plot": plot, "heading": heading, "counted": counted, "caption": caption, "tight": tight}


@register.inclusion_tag("components/severity_bar.html")
def severity_bar(counts: Sequence[int] | Sequence[charts.SeverityPart]) -> dict[str, Any]:
    """From the parts of any scale, or from eight counts, one for each severity from 0 to 7."""
    parts = [part for part in counts if isinstance(part, charts.SeverityPart)]
    plain = [count for count in counts if isinstance(count, int)]
    return {"bar": charts.severity_parts_bar(parts) if parts else charts.severity_bar(plain)}


@register.inclusion_tag("components/outcome_bar.html")
def outcome_bar(counts: Mapping[str, int], failed_note: str = "") -> dict[str, Any]:
    return {"bar": charts.outcome_bar(counts, failed_note=failed_note)}


@register.inclusion_tag("components/heat_map.html")
def heat_map(map: HeatMap) -> dict[str, Any]:
    return {"map": map, "rarest": map.columns[0].word, "commonest": map.columns[-1].word}


@register.inclusion_tag("components/trend.html")
def trend(trend: Trend, name: str = "", counted: str = "Harmful / judged") -> dict[str, Any]:
    """A rate over time; `name` says of what, for those who hear the page."""
    return {"trend": trend, "name": name, "counted": counted}


@register.inclusion_tag("components/dumbbells.html")
def dumbbells(plot: Dumbbells, heading: str = "Mitigation", caption: str = "") -> dict[str, Any]:
    """Rates before and after, paired; hollow is before, full is after."""
    return {"plot": plot, "heading": heading, "caption": caption}


@register.inclusion_tag("components/funnel.html")
def funnel(funnel: Funnel, caption: str = "People reached, by phase") -> dict[str, Any]:
    return {"funnel": funnel, "caption": caption}


@register.inclusion_tag("components/clocks.html")
def clocks(clocks: Sequence[Clock]) -> dict[str, Any]:
    """Clocks as they stand now; `live.js` keeps those that tick current."""
    now = timezone.now()
    return {"faces": [clock_face(clock, now) for clock in clocks]}
