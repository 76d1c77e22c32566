"""Making PDFs. Tasks take ids alone and may be delivered twice: what is made isn't made again."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from raiportal.accounts.models import User
from raiportal.reports import actions
from raiportal.reports.actions.pdfs import MAKE_PDF


@shared_task(name=MAKE_PDF, soft_time_limit=120, time_limit=150)
def make_pdf(*, report_id: int, **_: Any) -> None:
    actions.make_pdf(report_id=report_id, actor=User.system())


@shared_task(name="raiportal.reports.tasks.make_waiting_pdfs", soft_time_limit=300, time_limit=330)
def make_waiting_pdfs(**_: Any) -> None:
    """Those that the queue or a worker lost."""
    actions.make_waiting_pdfs(actor=User.system())
