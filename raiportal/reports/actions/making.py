"""Making a report: everything is read in one view of the database, frozen and digested."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Max

from raiportal import clocks, queue
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.audit.subjects import subject_kinds
from raiportal.errors import Invalid, Missing
from raiportal.reports import policies
from raiportal.reports.actions.pdfs import MAKE_PDF
from raiportal.reports.content import digest_of
from raiportal.reports.kinds import Making, ReportKind, report_kinds
from raiportal.reports.models import Report, ReportPdf
from raiportal.reports.packs import pack_of

ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"


@transaction.atomic
def make_report(*, kind: str, subject_id: int, actor: User) -> Report:
    """Freeze what is known of the subject now as the next report of this kind. Raises Missing for a subject that the actor may not see."""
    made_of = _kind(kind)
    subject = subject_kinds[made_of.subject_kind].find(subject_id, actor)
    if subject is None:
        raise Missing("There is nothing here that a report could be of.")
    policies.may_make(actor, made_of, subject).require()
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME, [f"report:{kind}:{subject_id}"])  # two at once would take the same number
    now = clocks.now()
    made = Report.objects.about(kind, subject_id)
    number = (made.aggregate(last=Max("number"))["last"] or 0) + 1
    before = made.filter(number=number - 1).first()
    said = made_of.build(Making(subject, actor, now, before))
    pack = pack_of(made_of, subject, number, said, actor=actor, at=now)
    report = Report(
        kind=kind,
        scope_id=ledger.scope_of(subject),
        subject_kind=made_of.subject_kind,
        subject_id=subject_id,
        number=number,
        title=said.title[:200],
        pack=pack,
        digest=digest_of(pack),
        made_by=actor,
        made_at=now,
    )
    report.save(force_insert=True)
    ReportPdf.objects.create(report=report)
    ledger.record("reports.report_made", subject=report, actor=actor, kind=kind, number=number, digest=report.digest)
    queue.on_commit(MAKE_PDF, report_id=report.pk)
    return report


def _kind(slug: str) -> ReportKind:
    found = report_kinds.get(slug)
    if found is None:
        raise Invalid("There is no such kind of report.", field="kind")
    return found
