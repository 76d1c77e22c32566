"""Tables and everything around them."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from raiportal.look.examples.pages import Component, StylePage
from raiportal.look.paging import Pager


def _context() -> dict[str, Any]:
    now = timezone.now()
    return {
        "pager": Pager("51 to 100 of 2,400", "#pages", "#pages"),
        "first_pager": Pager("50 shown", "", "#pages"),
        "score_path": (20, 20, 16, 16, 9, 9, 12),
        "days_ago": now - datetime.timedelta(days=4),
        "weeks_ago": now - datetime.timedelta(days=40),
    }


PAGE = StylePage(
    slug="tables",
    title="Tables and lists",
    about="Lists filter, sort and page in the address, so that a link to one shows the same rows.",
    template="look/tables.html",
    components=(
        Component(
            "tabs",
            "Tabs and saved views",
            "Parts of one thing, and views of one list. They are links; the open one is marked for everybody.",
            '{% tabs "Saved views" %}{% tab "All" all_url count=9 %}{% tab "Never run" url count=2 current=False %}{% endtabs %}',
        ),
        Component(
            "filters",
            "Filters and chips",
            "A GET form. A set filter is a chip, a link that removes itself.",
            '<form class="filters" role="search" method="get">...{% chip "State: open" "state" "open" %}</form>',
        ),
        Component(
            "table",
            "Table",
            "Words left, numbers right, the head stays in sight. On a phone rows become cards (.fold): .whole takes a line, .wide-only goes.",
            '<div class="table-box"><table class="table tight fold" role="table">\n{% sort_head "Cases" "cases" "num" default="-cases" %}',
        ),
        Component("groups", "Groups", "When rows belong to few headings that matter more than the order of the rows.", '<tr class="group"><th colspan="4">'),
        Component(
            "bulk",
            "Acting on several rows",
            "The bar shows only with a selection, and counts it.",
            '<form class="selectable" method="post">...a box in each row...{% bulk "sets" %}<button>...</button>{% endbulk %}</form>',
        ),
        Component("pages", "Pages", "Which rows are shown, and the ways back and on.", "{% pager pager %} with paging.pager_of(page, request)"),
        Component("side", "In a side column", "Few figures without a box.", '<table class="table tight bare">'),
    ),
    context=_context,
)
