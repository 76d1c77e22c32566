"""Keeping the signs of life: machines' own, which the ledger does not record."""

from __future__ import annotations

from raiportal import clocks
from raiportal.status.models import Heartbeat

WORKER, BEAT = "worker", "beat"


def note_heartbeat() -> None:
    """Write that a worker did a task just now."""
    _note(WORKER)


def note_tick() -> None:
    """Write that beat queued its tasks just now."""
    _note(BEAT)


def _note(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": clocks.now()})
