"""What a recipient does with a report: open it, and say that they read and understood it."""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.deadlines import actions as deadlines
from raiportal.errors import Invalid, StaleSnapshot
from raiportal.notifications import actions as notifications
from raiportal.reports import policies
from raiportal.reports.actions.sending import ACKNOWLEDGE
from raiportal.reports.models import ReportRecipient

LONGEST_NOTE = 2_000  # characters


@transaction.atomic
def note_opened(*, report_id: int, actor: User) -> ReportRecipient | None:
    """Note when a recipient opened it for the first time, as page or file. None for everybody else, and when it was noted before."""
    held = _held(report_id, actor)
    if held is None or held.opened_at is not None or held.taken_back_at is not None:
        return None
    ledger.apply_changes(held, actor=actor, action="reports.report_opened", opened_at=clocks.now())
    return held


@transaction.atomic
def acknowledge(*, report_id: int, digest: str, note: str = "", actor: User) -> ReportRecipient:
    """Say in one's own name that one read and understood the report with this digest; again is once. Who asked for it is told."""
    held = _held(report_id, actor)
    policies.may_acknowledge(actor, held).require()
    assert held is not None
    if digest != held.report.digest:
        raise StaleSnapshot("This isn't the digest of the report that was sent to you. Open it again.")
    if held.acknowledged_at is not None:
        return held
    if len(note.strip()) > LONGEST_NOTE:
        raise Invalid(f"Write at most {LONGEST_NOTE} characters.", field="note")
    now = clocks.now()
    changed = {"acknowledged_at": now, "note": note.strip(), "opened_at": held.opened_at or now}
    ledger.apply_changes(held, actor=actor, action="reports.report_acknowledged", reason=note.strip(), **changed)
    deadlines.close(ACKNOWLEDGE, subject=held, actor=actor, at=now)
    notifications.notify(
        "reports.acknowledged",
        recipients=[held.asked_by_id],
        subject=held.report,
        title=f"{actor.name} acknowledged: {held.report}",
        url=reverse("report-recipients", args=[report_id]),
        key=f"{held.pk}:acknowledged",
        actor=actor,
    )
    return held


def _held(report_id: int, actor: User) -> ReportRecipient | None:
    mine = ReportRecipient.objects.filter(report_id=report_id, person=actor)
    return mine.select_for_update(of=("self",), no_key=True).select_related("report", "person").first()
