"""Keeping the heartbeat."""

from __future__ import annotations

from raiportal import clocks
from raiportal.status.models import Heartbeat

WORKER = "worker"


def note_heartbeat() -> None:
    """Write that a worker did a task just now. A machine's own sign of life, which the ledger does not record."""
    Heartbeat.objects.update_or_create(name=WORKER, defaults={"at": clocks.now()})
