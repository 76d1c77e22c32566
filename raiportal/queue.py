"""Handing work to Celery by task name, once the change that asks for it is committed.

Enqueueing never raises: whatever is queued can be found again from rows by a sweeper, so a broker that is away costs time, not work.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction

log = structlog.get_logger(__name__)


def on_commit(task: str, *, expires: float | None = None, **arguments: Any) -> None:
    """Queue `task` with keyword `arguments` (JSON: ids, not content) after commit. `expires` is in seconds."""
    transaction.on_commit(lambda: send(task, expires=expires, **arguments))


def send(task: str, *, expires: float | None = None, **arguments: Any) -> bool:
    """Queue `task` now. Returns whether the broker took it."""
    from kombu.exceptions import OperationalError

    from raiportal.celery import app

    try:
        app.send_task(task, kwargs=arguments, expires=expires, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("task_not_queued", task=task, error=type(error).__name__)
        return False
    return True
