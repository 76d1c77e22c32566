"""Laying leases out when a run or a judging starts, and closing them when it is cancelled. Taking and renewing them is the pump's, see `share`."""

from __future__ import annotations

from django.db import connection

from measurements.enums import FailureReason, Outcome
from measurements.models import Judging, Run

ITEMS = 200  # of a lease: 50 leases for 10,000 prompts; smaller ones cost more statements, larger ones gain nothing

_LAY_OUT = """
insert into lease (run_id, number, first_item, item_count, token, is_done,
                   answered, input_blocked, output_blocked, refused, failed, attempts, prompt_tokens, completion_tokens)
select %(run)s, number, number * %(size)s, least(%(size)s, %(count)s - number * %(size)s), 0, false, 0, 0, 0, 0, 0, 0, 0, 0
from generate_series(0, (%(count)s - 1) / %(size)s) as number
"""

# A judging's leases cover whole outputs, so that reading them again counts in the same way.
_LAY_OUT_JUDGING = """
with unjudged as (
    select o.id, row_number() over (order by o.id) - 1 as place from output o
    where o.run_id = %(run)s and o.outcome = 'answered' and not exists (
        select 1 from judgement j where j.output_id = o.id and j.metric_version_id = %(metric)s and j.judge_version_id = %(judge)s)
), stretch as (
    select place / %(outputs)s as number, min(id) as first_output, max(id) as last_output, count(*) * %(votes)s as item_count from unjudged group by 1
), laid as (
    insert into lease (run_id, judging_id, first_output, last_output, number, first_item, item_count, token, is_done,
                       answered, input_blocked, output_blocked, refused, failed, attempts, prompt_tokens, completion_tokens)
    select %(run)s, %(judging)s, first_output, last_output, number, number * %(outputs)s * %(votes)s, item_count, 0, false, 0, 0, 0, 0, 0, 0, 0, 0
    from stretch
    returning item_count
)
select coalesce(sum(item_count), 0) from laid
"""
# Leases are locked in the order in which a pump locks them when it stores.
_CLOSE_JUDGING = """
with open as (select id from lease where run_id = %(run)s and judging_id = %(judging)s and not is_done order by id for update)
update lease l set is_done = true, token = token + 1, holder = null, expires_at = null from open where l.id = open.id
"""

_LOCK_OPEN = "select id from lease where run_id = %(run)s and judging_id is null and not is_done order by id for update"

# Every item of an open lease is offered; those that have an output already fall on the unique key.
_CANCEL_ITEMS = """
insert into output (run_id, case_id, repeat, key, stratum, outcome, reason, text, refusal, finish_reason, body,
                    attempts, last_error, model_reported, fingerprint)
select %(run)s, c.id, item %% %(repeats)s, left(encode(sha256(convert_to(%(digest)s || ':' || c.key || ':' || item %% %(repeats)s, 'UTF8')), 'hex'), 32),
       c.stratum, %(failed)s, %(cancelled)s, '', '', '', '', 0, 'The run was cancelled.', '', ''
from lease l
cross join lateral generate_series(l.first_item, l.first_item + l.item_count - 1) as item
join measurement_case c on c.version_id = %(version)s and c.position = item / %(repeats)s
where l.run_id = %(run)s and l.judging_id is null and not l.is_done
on conflict do nothing
"""

_CLOSE = """
update lease set is_done = true, token = token + 1, holder = null, expires_at = null,
                 failed = item_count - answered - input_blocked - output_blocked - refused
where run_id = %(run)s and judging_id is null and not is_done
"""


def lay_out(run: Run) -> None:
    """Cut a run's items into leases, in one statement whatever their number."""
    with connection.cursor() as cursor:
        cursor.execute(_LAY_OUT, {"run": run.pk, "size": ITEMS, "count": run.planned_count})


def lay_out_judging(judging: Judging) -> int:
    """Cut the votes on every answer that the judge has not judged into leases, in one statement. Returns how many votes that is."""
    arguments = {
        "run": judging.run_id,
        "judging": judging.pk,
        "metric": judging.metric_version_id,
        "judge": judging.judge_version_id,
        "votes": judging.votes,
        "outputs": max(1, ITEMS // judging.votes),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LAY_OUT_JUDGING, arguments)
        return int(cursor.fetchone()[0])


def close_judging(judging: Judging) -> None:
    """Close a cancelled judging's leases against late votes."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_JUDGING, {"run": judging.run_id, "judging": judging.pk})


def close_cancelled(run: Run) -> int:
    """Store every item that has no output as failed (cancelled), and close the leases against late answers. Returns their number.

    The caller holds the run's row. A pump that is storing just now holds the lease's row, so that either its answer or the cancellation stands.
    """
    arguments = {
        "run": run.pk,
        "version": run.set_version_id,
        "repeats": run.repeats,
        "digest": run.snapshot["configuration"]["digest"],
        "failed": Outcome.FAILED,
        "cancelled": FailureReason.CANCELLED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_OPEN, arguments)
        cursor.execute(_CANCEL_ITEMS, arguments)
        cancelled = cursor.rowcount
        cursor.execute(_CLOSE, arguments)
    return cancelled
