"""Verifying, with its result kept for the status page."""

from __future__ import annotations

from pathlib import Path

import structlog
from django.db import transaction

from raiportal.audit.models import Verification
from raiportal.audit.verify import Report, verify

log = structlog.get_logger(__name__)
MOST_KEPT = 20  # sentences of a result


def verify_and_note(checkpoint_file: Path | None = None) -> Report:
    """Verify the whole ledger and keep the result. Raises OSError if the checkpoints can't be read."""
    report = verify(checkpoint_file)
    note(report)
    return report


@transaction.atomic
def note(report: Report) -> Verification:
    if not report.ok:
        log.error("ledger_broken", problem_count=report.problem_count, entries=report.entries, segments=report.segments)
    return Verification.objects.create(
        is_ok=report.ok,
        entries=report.entries,
        segments=report.segments,
        problem_count=report.problem_count,
        problems=report.problems[:MOST_KEPT],
        seconds=report.seconds,
    )
