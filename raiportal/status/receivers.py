"""Signs of life that processes leave by themselves: a worker whenever it reached its broker, beat whenever it ticked."""

from __future__ import annotations

from typing import Any

import structlog
from celery import signals
from django.db import DatabaseError, InterfaceError, close_old_connections

from raiportal.status import actions, alive

BEAT_TASK = "raiportal.status.tasks.beat"
log = structlog.get_logger(__name__)


@signals.heartbeat_sent.connect
def worker_reached_broker(**_: Any) -> None:
    alive.touch()


@signals.before_task_publish.connect(sender=BEAT_TASK)
def beat_ticked(**_: Any) -> None:
    """Noted before the broker is asked, so that a broker that is away doesn't look like a beat that stands still."""
    alive.touch()
    try:
        close_old_connections()
        actions.note_tick()
    except (DatabaseError, InterfaceError):
        log.warning("tick_not_noted")
