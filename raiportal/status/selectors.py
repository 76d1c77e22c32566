"""What a probe wants to know: alive, and ready to start a run."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from raiportal import clocks
from raiportal.status.actions import WORKER
from raiportal.status.models import Heartbeat

HEARTBEATS_MISSED = 6  # so many in a row make the installation not ready


@dataclass(frozen=True)
class Readiness:
    """Whether a run could start now; `problems` says in plain words what stands in the way."""

    problems: list[str]
    heartbeat_age_seconds: float | None

    @property
    def is_ready(self) -> bool:
        return not self.problems


def readiness() -> Readiness:
    """Look at database, migrations and the last heartbeat that came back through broker and worker."""
    try:
        if pending_migrations():
            return Readiness(["Migrations are pending: run `manage.py prepare_database` as the owner of the tables."], None)
        age = heartbeat_age_seconds(clocks.now())
    except DatabaseError:
        return Readiness(["The database doesn't answer."], None)
    limit = HEARTBEATS_MISSED * settings.HEARTBEAT_SECONDS
    if age is None or age > limit:
        return Readiness(["No worker has done its heartbeat task lately: look at beat, broker and worker."], age)
    return Readiness([], age)


def heartbeat_age_seconds(now: datetime.datetime) -> float | None:
    """Seconds since the last heartbeat; None when there was none yet."""
    at = Heartbeat.objects.filter(name=WORKER).values_list("at", flat=True).first()
    return None if at is None else (now - at).total_seconds()


_migrated = False


def pending_migrations() -> bool:
    """Whether the database lacks a migration that this code has."""
    global _migrated  # once migrated, a running process stays so
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return not _migrated
