"""Finding what nobody does: whatever was queued and lost can be found again from rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import structlog
from django.conf import settings
from django.db import connection

from measurements.actions import circuits, runs
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
where run.state = 'running' and exists (select 1 from lease where lease.run_id = run.id and lease.judging_id is null and not lease.is_done)
and not exists (
    select 1 from endpoint_grant g
    where g.run_id = run.id and g.judging_id is null and g.expires_at > clock_timestamp() + make_interval(secs => %(fresh)s::float))
order by run.id
"""
_UNFINISHED = """
select run.id from run
where run.state = 'running' and not exists (
    select 1 from lease where lease.run_id = run.id and lease.judging_id is null and not lease.is_done) order by run.id
"""
_JUDGINGS_WITHOUT_PUMP = """
select j.id, j.run_id from judging j
where j.state = 'running' and exists (select 1 from lease where lease.run_id = j.run_id and lease.judging_id = j.id and not lease.is_done)
and not exists (
    select 1 from endpoint_grant g where g.judging_id = j.id and g.expires_at > clock_timestamp() + make_interval(secs => %(fresh)s::float))
order by j.id
"""
# Left by pumps that died and that nobody followed. A pump whose grant has expired never renews it, so a minute's grace is plenty.
_FORGET_GRANTS = "delete from endpoint_grant where expires_at < clock_timestamp() - interval '1 minute'"
# Closed runs whose judgings were never planned, and judgings with nothing left to ask.
_UNJUDGED = """
select r.id from run r where r.judged_at is null and r.state in ('completed', 'cancelled')
and not exists (select 1 from judging j where j.run_id = r.id and j.is_planned and j.state in ('running', 'paused'))
union
select j.run_id from judging j
where j.state = 'running' and not exists (select 1 from lease where lease.run_id = j.run_id and lease.judging_id = j.id and not lease.is_done)
order by 1
"""


@dataclass(frozen=True)
class Swept:
    """Ids of the runs for which a pump was queued, that were finished, and whose judging went on; and of the judgings for which a pump was queued."""

    pumped: list[int]
    finished: list[int]
    judged: list[int]
    judgings: list[int]


def sweep_runs(*, actor: User) -> Swept:
    """Wake a pump for each run and judging that has none, finish runs whose work is done, judge what nobody judges."""
    fresh = STALE_SHARE * settings.ENGINE_LEASE_SECONDS
    pumped = _ids(_WITHOUT_PUMP, fresh=fresh)
    judgings = _rows(_JUDGINGS_WITHOUT_PUMP, fresh=fresh)
    for work in [{"run_id": run_id} for run_id in pumped] + [{"run_id": run_id, "judging_id": pk} for pk, run_id in judgings]:
        queue.send(runs.PUMP, expires=QUEUED_SWEEPS * settings.SWEEP_SECONDS, **work)
    finished = [run_id for run_id in _ids(_UNFINISHED) if _finish(run_id, actor)]
    judged = [run_id for run_id in _ids(_UNJUDGED) if _judge(run_id, actor)]
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_GRANTS)
    circuits.close_unwatched_circuits(actor=actor)
    swept = Swept(pumped, finished, judged, [pk for pk, _ in judgings])
    if any(asdict(swept).values()):
        log.info("runs_swept", **asdict(swept))
    return swept


def _finish(run_id: int, actor: User) -> bool:
    try:
        runs.finish_run(run_id=run_id, actor=actor)
    except Conflict:  # a pump was first
        return False
    return True


def _judge(run_id: int, actor: User) -> bool:
    try:
        judge_run(run_id=run_id, actor=actor)
    except Exception:  # one run that can't be judged must not keep the others from it; the next sweep tries again
        log.exception("run_not_judged", run_id=run_id)
        return False
    return True


def _ids(statement: str, **arguments: float) -> list[int]:
    return [row[0] for row in _rows(statement, **arguments)]


def _rows(statement: str, **arguments: float) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchall()
