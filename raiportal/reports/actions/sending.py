"""Sending a report to people, reminding them, and taking it back."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.deadlines import actions as deadlines
from raiportal.errors import Conflict, Invalid, Missing, WrongState
from raiportal.notifications import actions as notifications
from raiportal.reports import policies
from raiportal.reports.models import Report, ReportPdf, ReportRecipient, ReportRecipientQuerySet

MOST_RECIPIENTS = 200  # of one sending
LONGEST_MESSAGE = 2_000  # characters
BETWEEN_REMINDERS = datetime.timedelta(hours=20)  # so that once each working day is possible, and more often isn't
ACKNOWLEDGE = "reports.acknowledge"  # the kind of deadline


@transaction.atomic
def send_report(
    *, report_id: int, recipients: Iterable[User], message: str = "", due_at: datetime.datetime | None = None, actor: User
) -> list[ReportRecipient]:
    """Ask people to read and acknowledge the report. Those who were sent it already are passed over; returns those who were added.

    Whoever has not acknowledged an older report of the same kind and subject is asked for this one instead. `due_at` lies ahead, or there is none.
    """
    report = _report(report_id, actor)
    ReportPdf.objects.select_for_update(of=("self",), no_key=True).get(pk=report.pk)  # in place of the report, which is written once and can't be locked
    now = clocks.now()
    people = sorted({person.pk: person for person in recipients}.values(), key=lambda person: person.pk)
    _require_fitting(people, message, due_at, now)
    known = {held.person_id: held for held in ReportRecipient.objects.filter(report=report, person__in=people)}
    if any(held.taken_back_at for held in known.values()):
        raise Conflict("It was taken back from one of these people. Make a new report, and send them that.")
    added = [_add(report, person, message.strip(), due_at, now, actor) for person in people if person.pk not in known]
    if added:
        _replace_older(report, [held.person_id for held in added], actor)
        _tell(report, added, "reports.sent", f"Please read and acknowledge: {report}", f"{report.pk}:sent:{added[0].pk}", message.strip(), actor)
    return added


@transaction.atomic
def remind(*, report_id: int, actor: User) -> list[ReportRecipient]:
    """Remind everybody who has yet to acknowledge; at most about once a day each. Returns those who were reminded."""
    report = _report(report_id, actor)
    now = clocks.now()
    waiting = _locked(report).waiting().select_related("report", "person").order_by("pk")
    reminded = [held for held in waiting if held.person.is_active and (held.reminded_at or held.asked_at) <= now - BETWEEN_REMINDERS]
    for held in reminded:
        ledger.apply_changes(held, actor=actor, action="reports.recipient_reminded", reminded_at=now, reminder_count=held.reminder_count + 1)
    if reminded:
        _tell(report, reminded, "reports.reminded", f"Still to be acknowledged: {report}", f"{report.pk}:reminder:{now.isoformat()}", "", actor)
    return reminded


@transaction.atomic
def take_back(*, recipient_id: int, reason: str, actor: User) -> ReportRecipient:
    """Let somebody read the report no more, unless the system lets them. What they did with it stays on record."""
    held = ReportRecipient.objects.select_for_update(of=("self",), no_key=True).select_related("report", "person").filter(pk=recipient_id).first()
    if held is None:
        raise Missing("There is no such recipient.")
    policies.may_send(actor, held.report).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    if held.taken_back_at is not None:
        raise WrongState("It was taken back already.")
    ledger.apply_changes(held, actor=actor, action="reports.report_taken_back", reason=reason, taken_back_at=clocks.now(), taken_back_reason=reason)
    deadlines.set_deadline(ACKNOWLEDGE, subject=held, due_at=None, actor=actor, reason=reason)
    return held


def _report(report_id: int, actor: User) -> Report:
    report = Report.objects.filter(pk=report_id).first()
    if report is None:
        raise Missing("There is no such report.")
    policies.may_send(actor, report).require()
    return report  # type: ignore[no-any-return]


def _locked(report: Report) -> ReportRecipientQuerySet:
    return ReportRecipient.objects.select_for_update(of=("self",), no_key=True).filter(report=report)


def _require_fitting(people: Sequence[User], message: str, due_at: datetime.datetime | None, now: datetime.datetime) -> None:
    if not people:
        raise Invalid("Choose at least one person.", field="recipients")
    if len(people) > MOST_RECIPIENTS:
        raise Invalid(f"Send it to at most {MOST_RECIPIENTS} people at once.", field="recipients")
    if any(not person.is_active or person.kind != UserKind.PERSON for person in people):
        raise Invalid("Only people whose account is open can read and acknowledge a report.", field="recipients")
    if len(message.strip()) > LONGEST_MESSAGE:
        raise Invalid(f"Write at most {LONGEST_MESSAGE} characters.", field="message")
    if due_at is not None and due_at <= now:
        raise Invalid("The date lies in the past.", field="due_at")


def _add(report: Report, person: User, message: str, due_at: datetime.datetime | None, now: datetime.datetime, actor: User) -> ReportRecipient:
    held = ReportRecipient(report=report, person=person, message=message, asked_by=actor, asked_at=now, due_at=due_at)
    held.save(force_insert=True)
    ledger.record("reports.report_sent", subject=held, actor=actor, to=person.username, digest=report.digest, due_at=due_at)
    if due_at is not None:
        deadlines.set_deadline(ACKNOWLEDGE, subject=held, due_at=due_at, actor=actor)
    return held


def _replace_older(report: Report, people: Sequence[int], actor: User) -> None:
    """Nobody is asked for two reports of the same thing."""
    of_same = {"report__kind": report.kind, "report__subject_id": report.subject_id, "report__number__lt": report.number, "person__in": people}
    older = ReportRecipient.objects.waiting().filter(**of_same).select_for_update(of=("self",), no_key=True).select_related("report", "person")
    for held in older.order_by("pk"):
        ledger.apply_changes(held, actor=actor, action="reports.report_replaced", replaced_by=report)
        deadlines.set_deadline(ACKNOWLEDGE, subject=held, due_at=None, actor=actor, reason="A newer report was sent.")


def _tell(report: Report, held: Sequence[ReportRecipient], kind: str, title: str, key: str, body: str, actor: User) -> None:
    notifications.notify(
        kind,
        recipients=[one.person_id for one in held],
        subject=report,
        title=title,
        body=body,
        url=reverse("report", args=[report.pk]),
        key=key,
        actor=actor,
        always=True,  # recipients may know nothing of the system but this report
    )
