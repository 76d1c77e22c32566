"""Finding what nobody does: whatever was queued and lost can be found again from rows."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import connection

from measurements.actions import runs
from measurements.actions.estimates import judge_run
from raiportal import queue
from raiportal.accounts.models import User
from raiportal.errors import Conflict

log = structlog.get_logger(__name__)

QUEUED_SWEEPS = 3  # so long may a pump wait for a worker before a later sweep's takes its place
STALE_SHARE = 0.6  # of a lease's life: a grant with less than that left has missed several renewals, so its pump is probably dead

# Runs with work left and no pump that renews its grant. The pump that is queued waits until a stale grant has expired.
_WITHOUT_PUMP = """
select run.id from run
where run.state = 'running' and exists (select 1 from lease where lease.run_id = run.id and not lease.is_done)
and not exists (
    select 1 from endpoint_grant g where g.run_id = run.id and g.expires_at > clock_timestamp() + make_interval(secs => %(fresh)s::float))
order by run.id
"""
_UNFINISHED = """
select run.id from run
where run.state = 'running' and not exists (select 1 from lease where lease.run_id = run.id and not lease.is_done) order by run.id
"""
# Left by pumps that died and that nobody followed. A pump whose grant has expired never renews it, so a minute's grace is plenty.
_FORGET_GRANTS = "delete from endpoint_grant where expires_at < clock_timestamp() - interval '1 minute'"
_WITHOUT_ESTIMATES = "select id from run where state = 'completed' and judged_at is null order by id"


@dataclass(frozen=True)
class Swept:
    """Ids of the runs for which a pump was queued, that were finished, and whose estimates were worked out."""

    pumped: list[int]
    finished: list[int]
    judged: list[int]


def sweep_runs(*, actor: User) -> Swept:
    """Wake a pump for each run that has none, finish runs whose work is done, work out missing estimates."""
    pumped = _ids(_WITHOUT_PUMP, fresh=STALE_SHARE * settings.ENGINE_LEASE_SECONDS)
    for run_id in pumped:
        queue.send(runs.PUMP, expires=QUEUED_SWEEPS * settings.SWEEP_SECONDS, run_id=run_id)
    finished = [run_id for run_id in _ids(_UNFINISHED) if _finish(run_id, actor)]
    judged = _ids(_WITHOUT_ESTIMATES)
    for run_id in judged:
        judge_run(run_id=run_id, actor=actor)
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_GRANTS)
    if pumped or finished or judged:
        log.info("runs_swept", pumped=pumped, finished=finished, judged=judged)
    return Swept(pumped, finished, judged)


def _finish(run_id: int, actor: User) -> bool:
    try:
        runs.finish_run(run_id=run_id, actor=actor)
    except Conflict:  # a pump was first
        return False
    return True


def _ids(statement: str, **arguments: float) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return [row[0] for row in cursor.fetchall()]
