"""What measuring offers to the status page and to Prometheus: runs, waiting work, leases, endpoints that fail."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import connection
from django.db.models import Count as CountRows
from django.db.models import Q, Sum

from measurements.enums import JudgingState, Outcome, RunState
from measurements.models import Circuit, Grant, Judging, Lease, Run
from raiportal.look import formats
from raiportal.status.counts import Count, CountSource
from raiportal.status.readings import Probe, Reading, bounded

MOST_WAITING_SECONDS = 60.0  # the sweeper looks every ten seconds, and a pump's task comes within one
_WAITING = """
select coalesce(sum(l.item_count - l.answered - l.input_blocked - l.output_blocked - l.refused - l.failed), 0) as items,
       extract(epoch from clock_timestamp() - min(coalesce(last.at, r.started_at)) filter (where not held.is_held)) as seconds
from run r join lease l on l.run_id = r.id and not l.is_done and l.judging_id is null
cross join lateral (select exists (select 1 from lease h where h.run_id = r.id and h.expires_at > clock_timestamp()) as is_held) held
cross join lateral (select max(created_at) as at from output where id = (select max(id) from output where run_id = r.id)) last
where r.state = 'running'
"""


def work(now: datetime.datetime) -> Sequence[Reading]:
    """What is under way and what waits, by the rows that say so."""
    items, seconds = _waiting()
    leases = Lease.objects.filter(is_done=False).aggregate(
        live=CountRows("pk", filter=Q(expires_at__gt=now)), expired=CountRows("pk", filter=Q(expires_at__lte=now))
    )
    running = Run.objects.filter(state=RunState.RUNNING).count()
    judgings = Judging.objects.filter(state=JudgingState.RUNNING).count()
    return [
        Reading("runs_running", "Runs under way", formats.number(running), running, "runs"),
        Reading("judgings_running", "Judgings under way", formats.number(judgings), judgings, "judgings"),
        Reading("items_waiting", "Prompts still to be sent", formats.number(items), items, "prompts"),
        bounded("waiting_age", "Longest wait of a run that nobody works on", seconds, formats.duration(seconds) if seconds else "none",
                most=MOST_WAITING_SECONDS, bound=f"at most {MOST_WAITING_SECONDS:.0f} s",
                remedy="Runners are away or busy: see the log of the runner and the lines about the broker, or add a runner."),
        Reading("leases_live", "Leases and grants held", f"{leases['live']} and {Grant.objects.filter(expires_at__gt=now).count()}", leases["live"], "leases"),
        Reading("leases_expired", "Leases whose runner is gone", formats.number(leases["expired"]), leases["expired"], "leases",
                "taken over within seconds of a runner being there"),
        _circuits(),
    ]  # fmt: skip


def counted() -> Sequence[Count]:
    """Runs and judgings by state, outputs by outcome, and the calls made for them, over all time."""
    runs = dict(Run.objects.order_by().values_list("state").annotate(CountRows("pk")))
    judgings = dict(Judging.objects.order_by().values_list("state").annotate(CountRows("pk")))
    sums = Lease.objects.filter(judging=None).aggregate(calls=Sum("attempts"), **{outcome.value: Sum(outcome.value) for outcome in Outcome})
    votes = Lease.objects.exclude(judging=None).aggregate(calls=Sum("attempts"))
    return [
        Count("runs", "Runs by state.", "state", {state.value: runs.get(state, 0) for state in RunState}),
        Count("judgings", "Judgings by state.", "state", {state.value: judgings.get(state, 0) for state in JudgingState}),
        Count("outputs", "Outputs stored by runs, by outcome.", "outcome", {outcome.value: sums[outcome.value] or 0 for outcome in Outcome}, only_grows=True),
        Count("calls", "Calls to model endpoints.", "purpose", {"run": sums["calls"] or 0, "judging": votes["calls"] or 0}, only_grows=True),
    ]


def _waiting() -> tuple[int, float]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        items, seconds = cursor.fetchone()
    return int(items), max(0.0, float(seconds or 0))


def _circuits() -> Reading:
    count = Circuit.objects.count()
    remedy = "Look at the deployments that fail: their runs wait and go on by themselves once the endpoint answers."
    return bounded("circuits_open", "Endpoints that fail for everything", count, formats.number(count), most=0, unit="endpoints", bound="none", remedy=remedy)


PROBE = Probe("work", "Work", work, 20)
COUNTS = CountSource("measurements", counted)
