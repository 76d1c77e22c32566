"""Planning and moving runs: rights, refusals, and what is written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from measurements.actions import runs
from measurements.actions.sweep import sweep_runs
from measurements.engine.items import output_key
from measurements.enums import PauseCause
from measurements.models import Lease, MeasurementSetVersion, Output, Run
from measurements.selectors.metrics import newest_version
from raiportal import queue
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, PolicyDenied, Unmet, WrongState
from systems.actions import retire_system
from systems.models import Configuration, Deployment
from tests.factories.accounts import make_user
from tests.factories.measurements import make_metric, make_owner, make_version
from tests.factories.runs import make_run, prompts
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    """What was handed to Celery instead of handing it over."""
    sent: list[tuple[str, dict[str, object]]] = []

    def send(task: str, *, expires: float | None = None, **arguments: object) -> bool:
        sent.append((task, arguments))
        return True

    monkeypatch.setattr(queue, "send", send)
    return sent


def test_plan_freezes_what_will_be_measured() -> None:
    run = make_run(cases=prompts(5), repeats=2, input_price=Decimal("2.5"), output_price=Decimal("10"))
    Deployment.objects.update(input_price="99")

    run.refresh_from_db()

    assert (run.state, run.planned_count, run.max_concurrency) == ("planned", 10, 8)
    prices = run.snapshot["deployment"]["prices"]
    assert (Decimal(prices["input"]), Decimal(prices["output"]), prices["currency"]) == (Decimal("2.5"), Decimal(10), "USD")
    assert run.snapshot["configuration"]["digest"] == run.configuration.digest
    assert run.snapshot["metrics"][0]["judge"] == "rule"


def test_plan_takes_no_more_slots_than_the_deployment_has() -> None:
    assert make_run(max_concurrency=100).max_concurrency == 8


@pytest.mark.parametrize("role", [Role.AUDITOR, None])
def test_plan_refuses_those_who_only_read(role: Role | None) -> None:
    with pytest.raises(PolicyDenied):
        make_run(actor=make_user(*([role] if role else [])))


def test_plan_refuses_parts_of_another_system() -> None:
    system, other = make_system(), make_system()
    owner = make_owner(system)
    ours = {
        "configuration": Configuration.objects.get(deployment=make_deployment(system)),
        "set_version": make_version(system),
        "metric_versions": [newest_version(make_metric(system))],
    }
    runs.plan_run(**ours, actor=owner)

    foreign = {
        "configuration": Configuration.objects.get(deployment=make_deployment(other)),
        "metric_versions": [newest_version(make_metric(other))],
    }
    for name, value in foreign.items():
        with pytest.raises(Invalid):
            runs.plan_run(**{**ours, name: value}, actor=owner)


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"repeats": 101}, {"max_concurrency": 0}])
def test_plan_refuses_impossible_numbers(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        make_run(**wrong)


def test_start_lays_out_every_item_once(queued: list[tuple[str, dict[str, object]]], django_capture_on_commit_callbacks: object) -> None:
    run = make_run(cases=prompts(450))

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        runs.start_run(run_id=run.pk, actor=run.created_by)

    stretches = list(Lease.objects.filter(run=run).order_by("number").values_list("first_item", "item_count"))
    assert stretches == [(0, 200), (200, 200), (400, 50)]
    assert queued == [("measurements.tasks.pump", {"run_id": run.pk})]
    assert Entry.objects.filter(action="measurements.run_started", subject_id=run.pk).exists()


def test_start_refuses_a_changed_endpoint() -> None:
    run = make_run()
    Deployment.objects.filter(pk=run.configuration.deployment_id).update(model="another")

    with pytest.raises(Unmet):
        runs.start_run(run_id=run.pk, actor=run.created_by)


def test_a_retired_system_is_not_measured_and_its_runs_can_still_be_ended() -> None:
    planned, paused = make_run(), make_run(start=True)
    manager = make_user(Role.RISK_MANAGER)
    runs.pause_run(run_id=paused.pk, actor=manager)
    for run in (planned, paused):
        retire_system(system_id=run.system_id, reason="Replaced.", actor=manager)
    version = MeasurementSetVersion.objects.get(pk=planned.set_version_id)
    metrics = [row.metric_version for row in planned.run_metrics.all()]

    with pytest.raises(PolicyDenied, match="retired"):
        runs.plan_run(configuration=planned.configuration, set_version=version, metric_versions=metrics, actor=manager)
    with pytest.raises(Unmet, match="retired"):
        runs.start_run(run_id=planned.pk, actor=manager)
    with pytest.raises(Unmet, match="retired"):
        runs.resume_run(run_id=paused.pk, actor=manager)
    assert runs.cancel_run(run_id=paused.pk, reason="The system is retired.", actor=manager).state == "cancelled"


def test_pause_keeps_its_cause_until_resumed() -> None:
    run = make_run(start=True)

    paused = runs.pause_run(run_id=run.pk, cause=PauseCause.QUOTA, cause_detail="x" * 400, actor=User.system())
    assert (paused.state, paused.cause, len(paused.cause_detail)) == ("paused", "quota", 300)
    resumed = runs.resume_run(run_id=run.pk, actor=run.created_by)

    assert (resumed.state, resumed.cause, resumed.cause_detail) == ("running", "", "")


def test_cancel_accounts_for_every_item() -> None:
    run = make_run(cases=prompts(30), repeats=2, start=True)

    runs.cancel_run(run_id=run.pk, reason="The wrong set.", actor=run.created_by)

    rows = Output.objects.filter(run=run, outcome="failed", reason="cancelled", attempts=0)
    assert rows.count() == run.planned_count == 60
    assert sum(Lease.objects.filter(run=run, is_done=True).values_list("failed", flat=True)) == 60
    row = rows.select_related("case").latest("pk")
    assert row.key == output_key(run.configuration.digest, row.case.key, row.repeat)


def test_cancel_works_for_a_run_that_never_started() -> None:
    run = make_run(cases=prompts(3))

    runs.cancel_run(run_id=run.pk, reason="Not needed.", actor=run.created_by)

    assert Output.objects.filter(run=run, reason="cancelled").count() == 3


def test_cancel_needs_a_reason_and_happens_once() -> None:
    run = make_run(start=True)
    with pytest.raises(Invalid):
        runs.cancel_run(run_id=run.pk, reason=" ", actor=run.created_by)
    runs.cancel_run(run_id=run.pk, reason="The wrong set.", actor=run.created_by)

    with pytest.raises(WrongState):
        runs.cancel_run(run_id=run.pk, reason="Again.", actor=run.created_by)


@pytest.mark.parametrize("role", [Role.AUDITOR, None])
def test_moves_refuse_those_who_only_read(role: Role | None) -> None:
    run = make_run(start=True)
    reader = make_user(*([role] if role else []))

    for move in (lambda: runs.pause_run(run_id=run.pk, actor=reader), lambda: runs.cancel_run(run_id=run.pk, reason="No.", actor=reader)):
        with pytest.raises(PolicyDenied):
            move()


def test_nobody_can_declare_a_run_done() -> None:
    run = make_run(start=True)

    with pytest.raises(PolicyDenied):
        runs.finish_run(run_id=run.pk, actor=make_user(Role.ADMINISTRATOR))


def test_sweep_wakes_a_pump_only_where_there_is_none(queued: list[tuple[str, dict[str, object]]]) -> None:
    alone, held = make_run(start=True), make_run(start=True)
    make_run()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into endpoint_grant (deployment_id, run_id, holder, wanted, slots, in_flight, expires_at) "
            "values (%s, %s, gen_random_uuid(), 1, 1, 0, clock_timestamp() + interval '9 seconds')",
            [held.configuration.deployment_id, held.pk],
        )

    swept = sweep_runs(actor=User.system())

    assert swept.pumped == [alone.pk]
    assert queued == [("measurements.tasks.pump", {"run_id": alone.pk})]


def _called(run: Run, *, completed: bool = False) -> Run:
    """A run whose three outputs are in; `completed`, and its pump died before it was judged."""
    if completed:
        Run.objects.filter(pk=run.pk).update(state="completed", finished_at=run.started_at)
    Lease.objects.filter(run=run).update(is_done=True, failed=3)
    Output.objects.bulk_create(
        Output(run=run, case=case, repeat=0, key="k", outcome="failed", reason="timeout", attempts=1) for case in run.set_version.cases.all()
    )
    return run


def test_sweep_finishes_and_judges_what_a_dead_pump_left() -> None:
    run = _called(make_run(cases=prompts(3), start=True))
    done = _called(make_run(cases=prompts(3), start=True), completed=True)

    swept = sweep_runs(actor=User.system())

    run.refresh_from_db()
    assert run.state == "completed"
    assert (swept.finished, swept.judged) == ([run.pk], [run.pk, done.pk])
    assert not Run.objects.filter(judged_at=None).exists()
    assert not run.estimates.get().is_conclusive
