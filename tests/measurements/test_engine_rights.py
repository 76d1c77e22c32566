"""SEC-13: queued work runs by the right of whoever started or last resumed it, and stops when that right is gone. See docs/decisions/0014."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import connection, connections
from pytest_django import Settings

from measurements import policies, tasks
from measurements.actions import judgings, runs
from measurements.actions.estimates import judge_run
from measurements.engine.rights import has_right
from measurements.enums import JudgingState, PauseCause, RunState
from measurements.models import Judging, Lease, Output, Run, Vote
from measurements.views.run_parts import pause_note
from raiportal import clocks
from raiportal.accounts import roles
from raiportal.accounts.enums import ORGANISATION_ROLES, SCOPE_ROLES, Role
from raiportal.accounts.models import Membership, User
from raiportal.audit.models import Entry
from tests.factories.accounts import make_scope, make_user
from tests.factories.judgings import answered_run, only_judging
from tests.factories.measurements import make_owner
from tests.factories.runs import make_run, prompts
from tests.sandbox.process import RunningSimulator, eventually, running_simulator

DAY = datetime.timedelta(days=1)
WORK = "select {right} as allowed from run r where r.id = %s"


def allowed_by_pump(run: Run) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WORK.format(right=has_right("r", "r.system_id")), [run.pk])
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db
def test_a_pump_asks_what_the_policy_says_of_every_role() -> None:
    run = make_run(start=True)
    elsewhere, now = make_scope(), clocks.now()
    people = {f"{role} of the organisation": make_user(role) for role in ORGANISATION_ROLES}
    people |= {f"{role} of the system": make_user(role, scope=run.system.scope) for role in SCOPE_ROLES}
    people |= {f"{role} elsewhere": make_user(role, scope=elsewhere) for role in SCOPE_ROLES}
    people |= {"nobody": make_user(), "kept out": make_owner(run.system), "ended": make_owner(run.system), "ends": make_owner(run.system)}
    people["the portal"] = User.system()
    User.objects.filter(pk=people["kept out"].pk).update(is_active=False)
    Membership.objects.filter(user=people["ended"]).update(until=now - DAY)
    Membership.objects.filter(user=people["ends"]).update(until=now + DAY)

    found = {}
    for name, person in people.items():
        Run.objects.filter(pk=run.pk).update(responsible=person)
        found[name] = (allowed_by_pump(run), policies.may_operate_run(User.objects.get(pk=person.pk), run).allowed)

    assert {name for name, (pump, policy) in found.items() if pump != policy} == set()
    allowed = {"administrator of the organisation", "risk_manager of the organisation", "owner of the system", "contributor of the system"}
    assert {name for name, (pump, _) in found.items() if pump} == allowed | {"ends", "the portal"}


@pytest.mark.django_db
def test_a_run_belongs_to_whoever_started_or_last_resumed_it() -> None:
    planner, starter = (make_user(Role.RISK_MANAGER) for _ in range(2))
    run = make_run(actor=planner)
    assert (run.responsible, allowed_by_pump(run)) == (None, True)

    started = runs.start_run(run_id=run.pk, actor=starter)
    runs.pause_run(run_id=run.pk, actor=planner)
    owner = make_owner(run.system)
    resumed = runs.resume_run(run_id=run.pk, actor=owner)

    assert (started.responsible, resumed.responsible) == (starter, owner)
    moved = Entry.objects.filter(action="measurements.run_resumed").latest("pk").payload.body["changes"]
    assert [value["id"] for value in moved["responsible"]] == [starter.pk, owner.pk]


@pytest.mark.django_db
def test_what_a_plan_has_judged_belongs_to_the_runs_person_and_a_later_judging_to_who_asked() -> None:
    run = answered_run()
    planned = judgings.plan_judgings(run_id=run.pk, actor=User.system())[0]
    assert planned.responsible == run.responsible == run.created_by

    judgings.pause_judging(judging_id=planned.pk, actor=run.created_by)
    other = make_owner(run.system)

    assert judgings.resume_judging(judging_id=planned.pk, actor=other).responsible == other


# --- The real pump, in this process ---


@pytest.fixture(scope="module")
def shared_simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: RunningSimulator) -> RunningSimulator:
    known = shared_simulator.client.get("/_simulator/settings").json()
    shared_simulator.settings(**dict.fromkeys(known)).raise_for_status()
    shared_simulator.client.post("/_simulator/reset").raise_for_status()
    return shared_simulator


def lose(run: Run, way: str) -> None:
    """Take the right of whoever the run belongs to."""
    if way == "kept out":
        User.objects.filter(pk=run.responsible_id).update(is_active=False)
    elif way == "role taken":
        Membership.objects.filter(user=run.responsible_id).delete()
    else:
        Membership.objects.filter(user=run.responsible_id).update(until=clocks.now())


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["kept out", "role taken", "role ended"])
def test_queued_work_of_somebody_without_the_right_calls_nobody_until_somebody_resumes_it(simulator: RunningSimulator, way: str) -> None:
    run = make_run(port=simulator.port, cases=prompts(5), start=True)
    lose(run, way)

    tasks.pump(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.cause, simulator.log()["calls"]) == (RunState.PAUSED, PauseCause.RIGHT_LOST, 0)
    assert not Lease.objects.filter(run=run).exclude(holder=None).exists()
    heir = make_owner(run.system)
    note = pause_note(run, heir)
    assert note is not None
    assert "lost the right to run it" in note.title
    assert "Somebody who may run it can resume it" in note.words
    assert Entry.objects.filter(action="measurements.run_paused", actor=User.system()).count() == 1

    runs.resume_run(run_id=run.pk, actor=heir)
    tasks.pump(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.responsible, simulator.log()["calls"]) == (RunState.COMPLETED, heir, 5)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_run_under_way_stores_what_it_called_and_takes_no_further_lease(simulator: RunningSimulator, settings: Settings) -> None:
    settings.ENGINE_TICK_SECONDS = 0.1
    simulator.settings(latency_ms=50).raise_for_status()
    run = make_run(port=simulator.port, cases=prompts(1500), start=True)

    def deliver() -> None:
        with closing(connections["default"]):
            tasks.pump(run_id=run.pk)

    with ThreadPoolExecutor(1) as worker:
        working = worker.submit(deliver)
        assert eventually(lambda: Output.objects.filter(run=run).count() >= 20, seconds=20)
        lose(run, "role taken")
        began = time.monotonic()
        working.result(timeout=20)

    run.refresh_from_db()
    calls = simulator.log()["calls"]
    assert time.monotonic() - began < 5
    assert (run.state, run.cause) == (RunState.PAUSED, PauseCause.RIGHT_LOST)
    assert calls == Output.objects.filter(run=run).count() < 1500
    assert not Lease.objects.filter(run=run).exclude(holder=None).exists()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_judging_of_somebody_without_the_right_asks_nobody(simulator: RunningSimulator) -> None:
    run = answered_run(port=simulator.port)
    lose(run, "kept out")
    judge_run(run_id=run.pk, actor=User.system())

    tasks.pump(run_id=run.pk, judging_id=only_judging(run).pk)

    judging = only_judging(run)
    assert (judging.state, judging.cause) == (JudgingState.PAUSED, PauseCause.RIGHT_LOST)
    assert not Vote.objects.filter(judging=judging).exists()
    heir = make_owner(run.system)
    roles.forget(heir)
    judgings.resume_judging(judging_id=judging.pk, actor=heir)
    tasks.pump(run_id=run.pk, judging_id=judging.pk)
    assert Judging.objects.get(pk=judging.pk).state == JudgingState.COMPLETED
