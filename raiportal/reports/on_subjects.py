"""How the ledger's pages find and name reports and those who were sent one."""

from __future__ import annotations

from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from raiportal.reports.models import Report, ReportRecipient


def _report(pk: int, user: User) -> Report | None:
    return Report.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


def _recipient(pk: int, user: User) -> ReportRecipient | None:
    return ReportRecipient.objects.visible_to(user).filter(pk=pk).select_related("report", "person").first()


KINDS = (
    SubjectKind("reports.report", "Report", find=_report, url=lambda report: reverse("report", args=[report.pk])),
    SubjectKind("reports.reportrecipient", "Recipient of a report", find=_recipient, url=lambda held: reverse("report", args=[held.report_id])),
)
