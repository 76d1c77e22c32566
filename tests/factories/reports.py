"""Reports of a register with two harms."""

from __future__ import annotations

from raiportal.accounts.models import User
from raiportal.reports import actions
from raiportal.reports.models import Report, ReportRecipient
from systems.models import AISystem
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

HOSTILE = '=1+1 <script>alert(1)</script> #eval("1") $x$ *bold*'


def make_report(system: AISystem | None = None) -> Report:
    """Of the system's register; of a new system with two harms, one of which says hostile things, if none is given."""
    if system is None:
        system = make_system()
        make_harm(system, title=HOSTILE, assessed=(4, 4))
        make_harm(system, title="Gives a wrong dose")
    assert system.owner is not None
    return actions.make_report(kind="harms.register", subject_id=system.pk, actor=system.owner)


def send(report: Report, *people: User, **rest: object) -> list[ReportRecipient]:
    """By whoever made it."""
    return actions.send_report(report_id=report.pk, recipients=people, actor=report.made_by, **rest)  # type: ignore[arg-type]
