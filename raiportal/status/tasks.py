"""The heartbeat task: beat queues it, a worker does it."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from raiportal.status import actions


@shared_task(name="raiportal.status.tasks.beat", soft_time_limit=20, time_limit=30)
def beat(**_: Any) -> None:
    actions.note_heartbeat()
