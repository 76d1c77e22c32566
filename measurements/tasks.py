"""Tasks of measuring. Each takes ids, calls one action, and may be delivered twice."""

from __future__ import annotations

import asyncio
import datetime
import os
from contextlib import closing
from functools import partial
from typing import Any

import structlog
from celery import shared_task, signals
from django.conf import settings
from django.db import connections

from measurements.actions import circuits, due_times, judgings, runs, sets, sweep
from measurements.actions.estimates import judge_run as judge
from measurements.engine import database, drain
from measurements.engine.calls import Halt
from measurements.engine.plan import load
from measurements.engine.pump import Ending, Pump
from measurements.engine.work import Work
from measurements.enums import PauseCause
from raiportal import queue
from raiportal.accounts.models import User
from raiportal.errors import Conflict, Invalid, Unavailable
from systems.providers import open_client

log = structlog.get_logger(__name__)

FIRST_SWEEP_SECONDS = 60  # that the sweep of a starting worker may wait for its first child
CLOSING_SECONDS = 700  # beyond a pump's life: the longest call a deployment may allow, and the estimates
PUMP_LIMIT_SECONDS = int(settings.ENGINE_PUMP_SECONDS) + CLOSING_SECONDS


@shared_task(name=runs.PUMP, soft_time_limit=PUMP_LIMIT_SECONDS, time_limit=PUMP_LIMIT_SECONDS + 60)
def pump(run_id: int, judging_id: int | None = None, **_: Any) -> None:
    """Work on a run, or on one of its judgings; finish it when the last answer is in, or queue a successor when this pump's time is over."""
    try:
        work = load(run_id, judging_id)
    except Unavailable as refusal:  # the key was stored under field keys that this installation has no more
        _pause(run_id, judging_id, Halt(PauseCause.KEY_UNREADABLE, refusal.detail))
        return
    log.info("pump_started", **work.named, process=os.getpid())
    ending = asyncio.run(_pump(work))
    log.info("pump_ended", **work.named, ending=ending.value)
    if ending is Ending.HANDED_ON:
        queue.send(runs.PUMP, **work.named)
    elif ending is Ending.DONE:
        _finish(work)


@shared_task(name=runs.JUDGE, soft_time_limit=600, time_limit=660)
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


async def _pump(work: Work) -> Ending:
    try:
        client = open_client(work.target, work.api_key, work.max_concurrency)
    except Invalid as refusal:  # no address that may be called any more, or no key that can be sent
        await asyncio.to_thread(_pause, work.run_id, work.judging_id, Halt(PauseCause.ENDPOINT_REFUSED, refusal.detail))
        return Ending.STOPPED
    try:
        async with await database.connect() as connection:
            return await Pump(work, client, connection, partial(_pause, work.run_id, work.judging_id), partial(_close_circuit, work)).run()
    finally:
        await client.aclose()


def _pause(run_id: int, judging_id: int | None, halt: Halt) -> None:
    """Pause the run or the judging in a thread of its own, with that thread's connection."""
    actor = User.system()
    with closing(connections["default"]):
        try:
            if judging_id is None:
                runs.pause_run(run_id=run_id, cause=halt.cause, cause_detail=halt.detail, actor=actor)
            else:
                judgings.pause_judging(judging_id=judging_id, cause=halt.cause, cause_detail=halt.detail, actor=actor)
        except Conflict:
            log.info("work_not_paused", run_id=run_id, judging_id=judging_id, cause=halt.cause.value)


def _close_circuit(work: Work, opened_at: datetime.datetime, has_answered: bool) -> None:
    """As with a pause: in a thread of its own."""
    with closing(connections["default"]):
        circuits.close_circuit(deployment_id=work.deployment_id, opened_at=opened_at, has_answered=has_answered, actor=User.system())


def _finish(work: Work) -> None:
    """A run's move to its final state commits alone; what follows is done at once, and the sweeper repeats it if this process ends before."""
    actor = User.system()
    try:
        if work.judging_id is None:
            runs.finish_run(run_id=work.run_id, actor=actor)
            judge(run_id=work.run_id, actor=actor)
        else:
            judgings.finish_judging(judging_id=work.judging_id, actor=actor)
    except Conflict:
        log.info("work_finished_already", **work.named)  # the sweeper was first, or it was cancelled


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
