"""Charts of risks, phases and time."""

from __future__ import annotations

import datetime

from django.utils import timezone

from raiportal.look import marks
from raiportal.look.clocks import Clock
from raiportal.look.examples.pages import Component, StylePage
from raiportal.look.funnels import FunnelRow, funnel
from raiportal.look.heat_maps import HeatStep, heat_map
from raiportal.look.marks import Mark

SEVERITIES = tuple(HeatStep(number, word) for number, word in enumerate(("Negligible", "Minor", "Moderate", "Major", "Catastrophic"), start=1))
FREQUENCIES = tuple(HeatStep(number, word) for number, word in enumerate(("Rare", "Unlikely", "Possible", "Likely", "Frequent"), start=1))
COUNTS = {(5, 2): 1, (5, 5): 1, (4, 2): 2, (4, 3): 2, (3, 2): 2, (3, 3): 1, (3, 4): 1, (2, 2): 1, (2, 3): 1, (2, 4): 1}
PHASES = (
    FunnelRow("1 Two wards", 38, 40, Mark("Passed", "holds", "ok"), "#funnel", "#funnel"),
    FunnelRow("2 Six wards", 0, 200, Mark("Blocked", "lock", "bad"), "#funnel"),
    FunnelRow("3 One hospital", 0, 900, Mark("Planned", "draft"), "#funnel"),
    FunnelRow("4 All hospitals", 0, None, Mark("Planned", "draft"), "#funnel"),
)


def _clocks(now: datetime.datetime) -> list[Clock]:
    def before(**span: int) -> datetime.datetime:
        return now - datetime.timedelta(**span)

    return [
        Clock("Acknowledged", before(minutes=80), 900, stopped_at=before(minutes=74)),
        Clock("Contained", before(hours=5), 7_200, stopped_at=before(hours=2)),
        Clock("Mitigate", before(minutes=79), 5_400),
        Clock("Resolve", before(minutes=79), 86_400, note="if serious"),
        Clock("Report", before(hours=3), 7_200),
    ]


PAGE = StylePage(
    slug="risks",
    title="Charts of risks and time",
    about="Where harms lie, how far a launch has come, how much time is left.",
    template="look/risks.html",
    components=(
        Component(
            "heat",
            "Heat-map",
            "Severity down, frequency across; each number opens its harms. Cells without harms step back.",
            "{% heat_map map %} with heat_maps.heat_map(severities, frequencies, counts, url)",
        ),
        Component(
            "funnel",
            "Funnel of phases",
            "People reached against each phase's cap, one axis from zero.",
            "{% funnel funnel %} with funnels.funnel([FunnelRow(...)])",
        ),
        Component(
            "clocks",
            "Clocks against target",
            "The tick is the target. Done, late, running, soon (a quarter is left), over. They go on by themselves while the page is open.",
            "{% clocks clocks %} with Clock(label, started_at, target_seconds, stopped_at)",
        ),
        Component("spark", "Tally and score path", "In tables and in the strip only.", "{% tally 12 1 3 %}\n{% spark scores %}"),
        Component(
            "progress",
            "Progress of one thing",
            "A share of a whole that is known; its words say what.",
            '<progress value="62" max="100" aria-label="Import, 62 percent">',
        ),
    ),
    context=lambda: {
        "heat": heat_map(SEVERITIES, FREQUENCIES, COUNTS, lambda severity, frequency: f"#s{severity}-f{frequency}", current=(4, 3)),
        "phases": funnel(PHASES),
        "clocks": _clocks(timezone.now()),
        "score_path": (20, 20, 16, 16, 9, 9, 12),
        "holds": marks.HOLDS,
    },
)
