"""All style pages, in the order of the index."""

from __future__ import annotations

from raiportal.look.examples import form_parts, foundations, layouts, messages, rate_charts, risk_charts, small_marks, standing_parts, story_parts, table_parts
from raiportal.look.examples.pages import StylePage

PAGES: tuple[StylePage, ...] = (
    foundations.PAGE,
    small_marks.PAGE,
    layouts.PAGE,
    form_parts.PAGE,
    table_parts.PAGE,
    messages.PAGE,
    standing_parts.PAGE,
    story_parts.PAGE,
    rate_charts.PAGE,
    risk_charts.PAGE,
)
ADDRESSED = {page.slug: page for page in (*PAGES, layouts.PLAIN)}
