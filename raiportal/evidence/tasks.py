"""Tasks of evidence."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from raiportal.accounts.models import User
from raiportal.evidence import actions


@shared_task(name="raiportal.evidence.tasks.drop_unneeded_files", soft_time_limit=300, time_limit=360)
def drop_unneeded_files(**_: Any) -> None:
    actions.drop_unneeded_files(actor=User.system())
