"""What waits for the people to whom reports were sent, and what search finds of reports."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db.models import F, QuerySet
from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.reports import selectors
from raiportal.reports.models import SEARCHED_TEXT, Report, ReportRecipient
from raiportal.work.rows import RowSearch, row_source
from raiportal.work.sources import Hit, WorkItem, WorkSource


def _waiting(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    """Reports that this person has yet to acknowledge, those with the earliest date first."""
    mine = ReportRecipient.objects.visible_to(user).filter(person=user).waiting()
    rows = mine.select_related("report__scope", "asked_by").defer("report__pack").order_by(F("due_at").asc(nulls_last=True), "pk")
    return [_item(held) for held in rows[:most]]


def _item(held: ReportRecipient) -> WorkItem:
    report = held.report
    return WorkItem(
        title=f"Read and acknowledge: {report}",
        why=f"{held.asked_by.name} sent it to you and waits for your word that you read and understood it.",
        url=reverse("report", args=[report.pk]),
        act="Read it",
        rank=10,
        system=report.scope.name if report.scope else "",
        due_at=held.due_at,
        since=held.asked_at,
    )


def _reports(user: User) -> QuerySet[Report]:
    return selectors.reports_of(user)


def _hit(report: Report) -> Hit:
    return Hit(str(report), reverse("report", args=[report.pk]), report.scope.name if report.scope else "")


WORK = WorkSource("reports", "Reports to acknowledge", _waiting, order=6)
SEARCH = row_source("reports", "Reports", RowSearch(_reports, SEARCHED_TEXT, _hit), order=55)
