"""Tasks of measuring. Each takes ids, calls one action, and may be delivered twice."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from typing import Any

import structlog
from celery import shared_task, signals
from django.conf import settings
from django.db import connections

from measurements.actions import due_times, runs, sets, sweep
from measurements.actions.estimates import judge_run as judge
from measurements.engine import database, drain
from measurements.engine.calls import Halt
from measurements.engine.plan import RunPlan, load
from measurements.engine.pump import Ending, Pump
from raiportal import queue
from raiportal.accounts.models import User
from raiportal.errors import Conflict
from systems.providers import open_client

log = structlog.get_logger(__name__)

FIRST_SWEEP_SECONDS = 60  # that the sweep of a starting worker may wait for its first child
CLOSING_SECONDS = 700  # beyond a pump's life: the longest call a deployment may allow, and the estimates
PUMP_LIMIT_SECONDS = int(settings.ENGINE_PUMP_SECONDS) + CLOSING_SECONDS


@shared_task(name=runs.PUMP, soft_time_limit=PUMP_LIMIT_SECONDS, time_limit=PUMP_LIMIT_SECONDS + 60)
def pump(run_id: int, **_: Any) -> None:
    """Work on a run; finish it when its last output is in, or queue a successor when this pump's time is over."""
    log.info("pump_started", run_id=run_id, process=os.getpid())
    ending = asyncio.run(_pump(load(run_id)))
    log.info("pump_ended", run_id=run_id, ending=ending.value)
    if ending is Ending.HANDED_ON:
        queue.send(runs.PUMP, run_id=run_id)
    elif ending is Ending.DONE:
        _finish(run_id)


@shared_task(name="measurements.tasks.judge_run", soft_time_limit=600, time_limit=660)
def judge_run(run_id: int, **_: Any) -> None:
    judge(run_id=run_id, actor=User.system())


@shared_task(name="measurements.tasks.sweep_runs", soft_time_limit=600, time_limit=660)
def sweep_runs(**_: Any) -> None:
    sweep.sweep_runs(actor=User.system())


@shared_task(name="measurements.tasks.start_due_runs", soft_time_limit=600, time_limit=660)
def start_due_runs(**_: Any) -> None:
    due_times.start_due_runs(actor=User.system())


@shared_task(name="measurements.tasks.drop_old_uploads", soft_time_limit=300, time_limit=360)
def drop_old_uploads(**_: Any) -> None:
    sets.drop_old_uploads(actor=User.system())


async def _pump(plan: RunPlan) -> Ending:
    client = open_client(plan.target, plan.api_key, plan.max_concurrency)
    try:
        async with await database.connect() as connection:
            return await Pump(plan, client, connection, lambda halt: _pause(plan.run_id, halt)).run()
    finally:
        await client.aclose()


def _pause(run_id: int, halt: Halt) -> None:
    """Pause the run in a thread of its own, with that thread's connection."""
    with closing(connections["default"]):
        try:
            runs.pause_run(run_id=run_id, cause=halt.cause, cause_detail=halt.detail, actor=User.system())
        except Conflict:
            log.info("run_not_paused", run_id=run_id, cause=halt.cause.value)


def _finish(run_id: int) -> None:
    """The move to the final state commits alone; the estimates follow at once, and the sweeper repeats them if this process ends before."""
    actor = User.system()
    try:
        runs.finish_run(run_id=run_id, actor=actor)
    except Conflict:
        return  # the sweeper was first, or the run was cancelled
    judge(run_id=run_id, actor=actor)


# --- The worker's parent ---


@signals.worker_init.connect
def load_before_forking(**_: object) -> None:
    """What every child needs is loaded once: no second's wait at each child's first task, and its memory is shared."""
    import systems.providers.openai_client  # noqa: F401


@signals.worker_ready.connect
def sweep_at_start(**_: object) -> None:
    queue.send("measurements.tasks.sweep_runs", expires=FIRST_SWEEP_SECONDS)


@signals.worker_shutting_down.connect
def let_pumps_drain(**_: object) -> None:
    drain.ask()
