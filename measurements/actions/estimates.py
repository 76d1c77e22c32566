"""From a closed run to its estimates, as far as that goes without waiting for a model judge."""

from __future__ import annotations

from measurements.actions import findings, judgings, runs
from measurements.models import Judging, Run
from measurements.selectors.judgings import has_votes_missing
from raiportal import queue
from raiportal.accounts.models import User
from raiportal.errors import Conflict


def judge_run(*, run_id: int, actor: User) -> Run:
    """Go on with every judging of a closed run: those without calls complete at once, the others get a pump. Doing it again changes nothing.

    Raises PolicyDenied, or Conflict for a run that isn't finished.
    """
    for judging in judgings.plan_judgings(run_id=run_id, actor=actor):
        if has_votes_missing(judging):
            queue.send(runs.PUMP, run_id=run_id, judging_id=judging.pk)
        else:
            findings.judge_missing(judging)
            _finish(judging, actor)
    return judgings.close_run(run_id=run_id, actor=actor)


def _finish(judging: Judging, actor: User) -> None:
    try:
        judgings.finish_judging(judging_id=judging.pk, actor=actor)
    except Conflict:  # somebody else was first, paused it or cancelled it
        return
