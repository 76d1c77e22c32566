"""What an address of reports names: the report, seen by whoever asks, or 404."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404

from raiportal.accounts.models import User
from raiportal.audit.subjects import subject_kinds
from raiportal.reports import policies, selectors
from raiportal.reports.kinds import ReportKind, report_kinds
from raiportal.reports.models import Report


def the_report(user: User, report_id: int) -> Report:
    return get_object_or_404(selectors.report_for(user, report_id))


def the_subject(user: User, kind: str, subject_id: int) -> tuple[ReportKind, Any]:
    """A kind of report and what one would be of."""
    made_of = report_kinds.get(kind)
    subject = subject_kinds[made_of.subject_kind].find(subject_id, user) if made_of else None
    if made_of is None or subject is None:
        raise Http404
    return made_of, subject


def about(user: User, report: Report) -> dict[str, Any]:
    """What every page of a report shows at its head."""
    return {
        "report": report,
        "kind_name": selectors.kind_name(report.kind),
        "mine": selectors.copy_of(report, user),
        "may_send": policies.may_send(user, report),
        "may_see_recipients": policies.may_see_recipients(user, report),
        "section": "reports",
    }
