"""The story of a run's faults: what it tells, from how many queries, and how circuits are closed."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.actions import runs
from measurements.actions.circuits import close_circuit, close_unwatched_circuits
from measurements.enums import FailureReason, Outcome, PauseCause
from measurements.models import Circuit, Lease, Output, Run
from measurements.selectors.faults import Story, ToDo, circuit_of, story_of
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import PolicyDenied
from tests.factories.runs import make_run, prompts

pytestmark = pytest.mark.django_db

MOST_QUERIES = 6


def opened(run: Run, *, seconds_ago: float = 90, probes: int = 4) -> Circuit:
    now = clocks.now()
    circuit: Circuit = Circuit.objects.create(
        deployment_id=run.configuration.deployment_id,
        opened_at=now - datetime.timedelta(seconds=seconds_ago),
        probe_at=now,
        probes=probes,
        last_error="The engine is overloaded.",
    )
    return circuit


def close(circuit: Circuit, *, actor: User | None = None) -> bool:
    return close_circuit(deployment_id=circuit.deployment_id, opened_at=circuit.opened_at, has_answered=True, actor=actor or User.system())


def ended(run: Run, *, answered: int = 0, failed: int = 0, reason: FailureReason = FailureReason.TIMEOUT, repeated: int = 0) -> None:
    """Outputs of the first cases, and the counters that go with them."""
    cases = list(run.set_version.cases.order_by("position")[: answered + failed])
    outcomes = [(Outcome.ANSWERED, "")] * answered + [(Outcome.FAILED, reason)] * failed
    Output.objects.bulk_create(
        Output(run=run, case=case, repeat=0, key="k", outcome=outcome, reason=why, attempts=1, last_error="No complete answer." if why else "")
        for case, (outcome, why) in zip(cases, outcomes, strict=True)
    )
    Lease.objects.filter(run=run, number=0).update(answered=answered, failed=failed, attempts=answered + failed + repeated)


def counted(run: Run) -> tuple[Story, int]:
    with CaptureQueriesContext(connection) as queries:
        story = story_of(run)
    return story, len(queries)


def test_a_run_without_faults_has_nothing_to_tell() -> None:
    run = make_run(start=True)
    ended(run, answered=2)

    story, queries = counted(run)

    assert story.is_quiet
    assert (story.missing.pending, story.to_do) == (1, [])
    assert queries <= MOST_QUERIES


def test_the_story_tells_what_happened_and_what_was_done() -> None:
    run = make_run(cases=prompts(10), start=True)
    ended(run, answered=5, failed=2, repeated=7)
    circuit = opened(run)
    close(circuit)
    runs.pause_run(run_id=run.pk, cause=PauseCause.QUOTA, cause_detail="You exceeded your quota.", actor=User.system())
    runs.resume_run(run_id=run.pk, actor=run.created_by)
    runs.pause_run(run_id=run.pk, actor=run.created_by)
    run.refresh_from_db()

    story, queries = counted(run)

    assert [(failure.reason, failure.last_error, failure.outputs) for failure in story.happened.failures] == [("timeout", "No complete answer.", 2)]
    (opening,) = story.happened.openings
    assert (opening.probes, opening.last_error, opening.has_answered) == (4, "The engine is overloaded.", True)
    assert opening.seconds == pytest.approx(90, abs=5)
    automatic, personal = story.happened.pauses
    assert (automatic.cause, automatic.detail, automatic.by) == (PauseCause.QUOTA, "You exceeded your quota.", None)
    assert automatic.seconds is not None
    assert (personal.cause, personal.by, personal.seconds) == (PauseCause.PERSON, str(run.created_by), None)
    assert (story.done.repeated_calls, story.done.probes, story.done.automatic_pauses, story.done.resumed) == (7, 4, 1, 1)
    assert (story.missing.pending, story.missing.failed, story.missing.outputs) == (3, 2, 5)
    assert story.to_do == [ToDo.RESUME]
    assert queries <= MOST_QUERIES


def test_an_open_circuit_is_told_and_asks_for_patience() -> None:
    run = make_run(start=True)
    circuit = opened(run)

    story = story_of(run)

    assert [(opening.seconds, opening.probes) for opening in story.happened.openings] == [(None, 4)]
    assert story.to_do == [ToDo.WAIT]
    assert circuit_of(run.configuration.deployment) == circuit


@pytest.mark.parametrize(
    ("cause", "to_do"),
    [
        (PauseCause.UNAUTHORIZED, ToDo.CHECK_KEY),
        (PauseCause.QUOTA, ToDo.TOP_UP_QUOTA),
        (PauseCause.BUDGET, ToDo.RAISE_BUDGET),
        (PauseCause.ENDPOINT_DOWN, ToDo.CHECK_ENDPOINT),
        (PauseCause.SYSTEM_RETIRED, ToDo.BRING_SYSTEM_BACK),
    ],
)
def test_each_cause_has_its_remedy(cause: PauseCause, to_do: ToDo) -> None:
    run = make_run(start=True)
    runs.pause_run(run_id=run.pk, cause=cause, cause_detail="Said so.", actor=User.system())
    run.refresh_from_db()

    assert to_do in story_of(run).to_do


def test_what_was_cancelled_is_not_called_failed() -> None:
    run = make_run(cases=prompts(6), start=True)
    ended(run, answered=2)
    runs.cancel_run(run_id=run.pk, reason="The wrong set.", actor=run.created_by)
    run.refresh_from_db()

    missing = story_of(run).missing

    assert (missing.pending, missing.failed, missing.cancelled) == (0, 0, 4)


def test_a_circuit_is_closed_once_with_one_row_in_the_ledger() -> None:
    circuit = opened(make_run())

    assert [close(circuit), close(circuit)] == [True, False]

    assert Entry.objects.get(action="measurements.circuit_closed").payload.body["details"]["probes"] == 4
    assert not Circuit.objects.exists()


def test_a_circuit_that_opened_anew_stays_open() -> None:
    run = make_run()
    old = opened(run, seconds_ago=500)
    Circuit.objects.all().delete()
    opened(run, seconds_ago=3)

    assert not close(old)

    assert Circuit.objects.exists()


def test_nobody_closes_a_circuit_by_hand() -> None:
    run = make_run()

    with pytest.raises(PolicyDenied):
        close(opened(run), actor=run.created_by)


@pytest.mark.parametrize(("seconds_ago", "closed"), [(3_700, 1), (3_000, 0)])
def test_a_circuit_that_nobody_watches_is_forgotten_after_an_hour(seconds_ago: float, closed: int) -> None:
    opened(make_run(), seconds_ago=seconds_ago)

    assert close_unwatched_circuits(actor=User.system()) == closed
