"""Making PDFs in a worker. An attempt is counted and committed before it begins, so that a report which kills its worker is given up in the end."""

from __future__ import annotations

import datetime
import hashlib

import structlog
from django.db import transaction
from django.db.models import Q

from raiportal import clocks, queue
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Missing, WrongState
from raiportal.reports import pdf, policies
from raiportal.reports.enums import PdfState
from raiportal.reports.models import Report, ReportPdf

log = structlog.get_logger(__name__)
MAKE_PDF = "raiportal.reports.tasks.make_pdf"
MOST_ATTEMPTS = 3
LOST_AFTER = datetime.timedelta(minutes=3)  # past the task's time limit nobody makes it any more
SWEPT_AT_ONCE = 20
GAVE_UP = "It was tried three times and the worker ended each time."


def make_pdf(*, report_id: int, actor: User) -> bool:
    """Make the PDF of one report, unless it is made, given up, or being made by somebody else. Returns whether it was made now."""
    policies.may_make_pdfs(actor).require()
    report = _begin(report_id)
    if report is None:
        return False
    try:
        content = pdf.rendered(report)
    except pdf.NotRendered as problem:
        _fail(report_id, str(problem))
        return False
    return _keep(report_id, content)


def make_waiting_pdfs(*, actor: User) -> int:
    """Make those that nobody makes: a queue that was away, a worker that ended. Returns how many were made."""
    now = clocks.now()
    lost = ReportPdf.objects.filter(Q(tried_at=None) | Q(tried_at__lt=now - LOST_AFTER), state=PdfState.WAITING)
    return sum(make_pdf(report_id=pk, actor=actor) for pk in lost.order_by("pk").values_list("pk", flat=True)[:SWEPT_AT_ONCE])


@transaction.atomic
def try_pdf_again(*, report_id: int, actor: User) -> ReportPdf:
    """Have a PDF that was given up made once more."""
    row = ReportPdf.objects.select_for_update(of=("self",), no_key=True).select_related("report").filter(pk=report_id).first()
    if row is None:
        raise Missing("There is no such report.")
    policies.may_send(actor, row.report).require()
    if row.state != PdfState.FAILED:
        raise WrongState("This PDF is there already, or being made.")
    row.state, row.attempt_count, row.last_error, row.tried_at = PdfState.WAITING, 0, "", None
    row.save(update_fields=["state", "attempt_count", "last_error", "tried_at"])
    ledger.record("reports.pdf_tried_again", subject=row.report, actor=actor)
    queue.on_commit(MAKE_PDF, report_id=report_id)
    return row


@transaction.atomic
def _begin(report_id: int) -> Report | None:
    """Count an attempt; the report, if there is something to do."""
    now = clocks.now()
    row = ReportPdf.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).select_related("report").filter(pk=report_id).first()
    if row is None or row.state != PdfState.WAITING or (row.tried_at is not None and row.tried_at > now - LOST_AFTER):
        return None
    if row.attempt_count >= MOST_ATTEMPTS:
        row.state, row.last_error = PdfState.FAILED, row.last_error or GAVE_UP
        row.save(update_fields=["state", "last_error"])
        return None
    row.attempt_count, row.tried_at = row.attempt_count + 1, now
    row.save(update_fields=["attempt_count", "tried_at"])
    return row.report


@transaction.atomic
def _keep(report_id: int, content: bytes) -> bool:
    """Keep it, unless a slower attempt was overtaken by another."""
    row = ReportPdf.objects.select_for_update(of=("self",), no_key=True).get(pk=report_id)
    if row.state == PdfState.MADE:
        return False
    row.state, row.content, row.sha256, row.made_at, row.last_error = PdfState.MADE, content, hashlib.sha256(content).hexdigest(), clocks.now(), ""
    row.save(update_fields=["state", "content", "sha256", "made_at", "last_error"])
    return True


@transaction.atomic
def _fail(report_id: int, why: str) -> None:
    """The same report gives the same error each time, so it isn't tried again by itself."""
    row = ReportPdf.objects.select_for_update(of=("self",), no_key=True).get(pk=report_id)
    if row.state == PdfState.WAITING:
        row.state, row.last_error = PdfState.FAILED, why[:300]
        row.save(update_fields=["state", "last_error"])
        log.error("report_pdf_failed", report_id=report_id)
