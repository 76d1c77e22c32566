"""Reading a judging's leases takes the same work for each, however many outputs there are: rows are counted by PostgreSQL in the plan it really uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.db import connection

from measurements.actions import judgings
from measurements.actions.estimates import judge_run
from measurements.engine import questions
from measurements.models import Judging, Lease, Output, Run
from raiportal.accounts.models import User
from tests.factories.judgings import make_judged_run, only_judging

pytestmark = pytest.mark.django_db

NAMES = ("run", "first", "last", "metric", "judge")
FILL = """
insert into output (run_id, case_id, repeat, key, stratum, outcome, reason, text, refusal, finish_reason, body, attempts, last_error,
                    model_reported, fingerprint)
select %(run)s, %(case)s, number, number::text, '', case when number %% 10 = 0 then 'refused' else 'answered' end, '', 'A bowline is tied so.',
       '', 'stop', '{}', 1, '', 'sim-1', '' from generate_series(0, %(count)s - 1) as number
"""
CONCLUDED = """
insert into judgement (run_id, output_id, metric_version_id, judge_version_id, judging_id, severity, is_harmful, reason, is_contradicted)
select run_id, id, %(metric)s, %(judge)s, %(judging)s, 0, false, '', false from output where run_id = %(run)s and outcome = 'answered'
"""


def run_with(outputs: int) -> Judging:
    """A completed run with so many outputs, nine of ten answered, about to be judged with one vote each."""
    run = make_judged_run(cases=["How do I tie a bowline?"])
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"run": run.pk, "case": run.set_version.cases.get().pk, "count": outputs})
    Run.objects.filter(pk=run.pk).update(state="completed", finished_at=run.started_at)
    judge_run(run_id=run.pk, actor=User.system())
    return only_judging(run)


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in plan:
        yield plan
    for part in plan.get("Plans", []):
        yield from scans(part)


def rows_read(judging: Judging, lease: Lease) -> int:
    """Rows that reading a lease touches in any table, by the generic plan that a pump's prepared statement comes to."""
    statement = questions._OUTPUTS
    for place, name in enumerate(NAMES, 1):
        statement = statement.replace(f"%({name})s", f"${place}")
    values = (judging.run_id, lease.first_output, lease.last_output, judging.metric_version_id, judging.judge_version_id)
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")  # as on a pump's connection
        cursor.execute("set local plan_cache_mode = force_generic_plan")
        cursor.execute(f"prepare reading as {statement}")
        cursor.execute(f"explain (analyze, format json) execute reading({', '.join(map(str, values))})")
        (said,) = cursor.fetchone()
        cursor.execute("deallocate reading")
    found = said if isinstance(said, list) else orjson.loads(said)
    return sum(round((part["Actual Rows"] + part.get("Rows Removed by Filter", 0)) * part["Actual Loops"]) for part in scans(found[0]["Plan"]))


def analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("analyze output, judgement, measurement_case, lease, judge_vote")


def test_a_lease_of_twenty_thousand_outputs_reads_its_own_stretch() -> None:
    earlier = run_with(20_000)
    arguments = {"run": earlier.run_id, "metric": earlier.metric_version_id, "judge": earlier.judge_version_id, "judging": earlier.pk}
    with connection.cursor() as cursor:
        cursor.execute(CONCLUDED, arguments)
    analyse()
    small, large = run_with(400), run_with(20_000)

    read = [rows_read(judging, lease) for judging in (small, large) for lease in judging.leases.order_by("number")]

    assert (small.leases.count(), large.leases.count()) == (2, 90)
    assert large.planned_count == Output.objects.filter(run=large.run_id, outcome="answered").count() == 18_000
    assert max(read) < 5 * 200
    assert len(read) == 92


def test_judging_what_few_outputs_lack_reads_the_run_once() -> None:
    first = run_with(5_000)
    arguments = {"run": first.run_id, "metric": first.metric_version_id, "judge": first.judge_version_id, "judging": first.pk}
    with connection.cursor() as cursor:
        cursor.execute(f"{CONCLUDED} and repeat %% 500 <> 1", arguments)
    analyse()
    judgings.cancel_judging(judging_id=first.pk, reason="Half of it is enough.", actor=User.system())
    metric, owner = first.metric_version.metric, first.run.created_by

    again = judgings.judge_again(run_id=first.run_id, metric=metric, reason="The rest too.", actor=owner)

    (lease,) = again.leases.all()
    assert again.planned_count == 10
    assert rows_read(again, lease) < 5 * 5_000
