"""The date by which a recipient is asked to acknowledge."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from raiportal.deadlines.kinds import DeadlineKind
from raiportal.deadlines.models import Deadline
from raiportal.reports.actions.sending import ACKNOWLEDGE
from raiportal.reports.models import ReportRecipient

REMIND_DAYS = (7, 1)  # before the date


def _held(deadline: Deadline) -> ReportRecipient:
    return ReportRecipient.objects.select_related("report", "person").get(pk=deadline.subject_id)


def _who(deadline: Deadline) -> Iterable[int]:
    held = _held(deadline)
    return [held.person_id] if held.is_waiting else []


def _who_asked(deadline: Deadline) -> Iterable[int]:
    held = _held(deadline)
    return [held.asked_by_id] if held.is_waiting else []


def _title(deadline: Deadline) -> str:
    held = _held(deadline)
    return f"{held.person.name} is to acknowledge: {held.report}"


KIND = DeadlineKind(
    ACKNOWLEDGE,
    "Report to be acknowledged",
    REMIND_DAYS,
    recipients=_who,
    escalate_to=_who_asked,
    title=_title,
    url=lambda deadline: reverse("report", args=[_held(deadline).report_id]),
    is_always=True,
    is_work=False,
)
