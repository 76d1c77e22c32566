from __future__ import annotations

import datetime

from django.template import Context, Template

from raiportal.look.marks import HOLDS
from raiportal.look.timelines import Reference, ScoreShift, TimelineEntry

MOMENT = datetime.datetime(2026, 11, 16, 8, 40, tzinfo=datetime.UTC)
ENTRY = TimelineEntry(
    title="Measured <again>",
    at=MOMENT,
    icon="measure",
    tone="bad",
    url="/runs/209/",
    stage="Measure",
    badge=HOLDS,
    texts=["31 of 2,383 judged outputs", "Two & more"],
    note="By Risk manager",
    shift=ScoreShift("Residual", 12, before=9),
    references=[Reference("31 outputs", "/runs/209/outputs/"), Reference("Judge J-4")],
    digest="9f4c 71ab",
    anchor="origin",
)


def drawn(tag: str, *entries: TimelineEntry) -> str:
    return Template(f"{{% {tag} %}}").render(Context({"entries": entries}))


def test_entry_shows_everything_it_has() -> None:
    page = drawn("timeline entries", ENTRY)

    assert '<a class="name" href="/runs/209/">Measured &lt;again&gt;</a>' in page
    assert "<p>Two &amp; more</p>" in page
    assert '<a href="/runs/209/outputs/">31 outputs</a><span>Judge J-4</span>' in page
    assert page.index('class="score r3">9') < page.index("became") < page.index('class="score r3">12')
    assert "9f4c 71ab" in page
    assert 'id="origin"' in page


def test_entry_draws_nothing_that_it_lacks() -> None:
    page = drawn("timeline entries", TimelineEntry("Started"))

    assert "<b>Started</b>" in page
    assert not {"<p>", "foot", "<time", "badge", " id="} & {word for word in ("<p>", "foot", "<time", "badge", " id=") if word in page}


def test_dated_timeline_has_the_moment_once_with_its_stage() -> None:
    page = drawn("timeline entries dated=True", ENTRY)

    assert page.count("<time") == 1
    assert "<small>Measure</small>" in page


def test_first_score_is_stated_and_not_moved() -> None:
    page = drawn("harm_line entries", TimelineEntry("Origin", MOMENT, shift=ScoreShift("Inherent", 20)))

    assert "became" not in page
    assert 'class="score r5">20' in page


def test_harm_line_makes_what_is_bad_stand_out() -> None:
    page = drawn("harm_line entries", ENTRY, TimelineEntry("Proposed", MOMENT))

    assert page.count('class="card bad"') == 1
    assert page.count('class="card"') == 1
