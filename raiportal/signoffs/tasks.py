"""Ending approvals that hold no more, once a minute. The task may be delivered twice: what ended doesn't end again."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from raiportal.accounts.models import User
from raiportal.signoffs import actions


@shared_task(name="raiportal.signoffs.tasks.end_lapsed", soft_time_limit=120, time_limit=150)
def end_lapsed(**_: Any) -> None:
    actions.end_lapsed(actor=User.system())
