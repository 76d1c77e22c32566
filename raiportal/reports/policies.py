"""Who may make, send and read reports. Reading: see `Report.objects.visible_to`."""

from __future__ import annotations

from typing import Any

from raiportal.accounts import roles
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.audit.subjects import subject_kinds
from raiportal.policy import ALLOWED, Decision, denied
from raiportal.reports.enums import RecipientState
from raiportal.reports.kinds import ReportKind, report_kinds
from raiportal.reports.models import Report, ReportRecipient


def may_make(user: User, kind: ReportKind, subject: Any) -> Decision:
    return kind.may_make(user, subject)


def may_send(user: User, report: Report) -> Decision:
    """Send it, remind those who were sent it, and take it back: whoever may make one like it."""
    kind, found_by = report_kinds.get(report.kind), subject_kinds.get(report.subject_kind)
    found = found_by.find(report.subject_id, user) if found_by else None
    if kind is None or found is None:
        return denied("Only people who may make such a report can send it.")
    return kind.may_make(user, found)


def may_see_recipients(user: User, report: Report) -> Decision:
    """All of them; a recipient who may not read the system sees but themselves."""
    return ALLOWED if roles.sees(user, report.scope_id) else denied("Only people who may read the system see to whom its reports were sent.")


def may_acknowledge(user: User, recipient: ReportRecipient | None) -> Decision:
    if recipient is None or recipient.person_id != user.pk or recipient.state == RecipientState.TAKEN_BACK:
        return denied("Only people to whom this report was sent can acknowledge it.")
    return ALLOWED


def may_make_pdfs(user: User) -> Decision:
    return ALLOWED if user.kind == UserKind.SYSTEM else denied("The portal makes PDFs by itself.")
