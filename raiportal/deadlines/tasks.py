"""Looking after deadlines once a minute. The task may be delivered twice: what was told is not told again."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from raiportal.accounts.models import User
from raiportal.deadlines import actions


@shared_task(name="raiportal.deadlines.tasks.run_due", soft_time_limit=120, time_limit=150)
def run_due(**_: Any) -> None:
    actions.run_due(actor=User.system())
