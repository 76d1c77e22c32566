"""What must hold of reports: each is still what was digested, and its PDF what was made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from raiportal.integrity.invariants import Invariant
from raiportal.integrity.kernel import are_final
from raiportal.reports import packs
from raiportal.reports.models import Report, ReportPdf

AT_ONCE = 20  # rows; packs and PDFs are large


def _packs_are_whole() -> Iterator[str]:
    for report in Report.objects.order_by("pk").iterator(AT_ONCE):
        if not packs.is_whole(report):
            yield f"Report {report.pk} isn't what was digested."


def _pdfs_are_whole() -> Iterator[str]:
    for row in ReportPdf.objects.exclude(content=None).order_by("pk").iterator(AT_ONCE):
        if hashlib.sha256(bytes(row.content or b"")).hexdigest() != row.sha256:
            yield f"The PDF of report {row.pk} isn't what was made."


REPORTS: Sequence[Invariant] = (
    Invariant("INV-08 of reports", "Reports can't be changed", are_final("report", "report_pdf", "report_recipient")),
    Invariant("INV-08 of packs", "A report is what was digested", _packs_are_whole),
    Invariant("INV-08 of PDFs", "A report's PDF is what was made", _pdfs_are_whole),
)
