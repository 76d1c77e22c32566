"""The command that measures from a terminal, and what measuring shows on other pages."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measurements import panels
from measurements.actions import estimates, runs
from measurements.management.commands import run_measurement
from measurements.models import Run
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.measurements import make_metric, make_owner, make_set
from tests.factories.outputs import ANSWERED, HARM, TIMEOUT, ended_run, store
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db


def run_command(*arguments: str) -> str:
    output = io.StringIO()
    call_command("run_measurement", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def measured_by() -> tuple[str, User]:
    """A system's id with a set "Notes" and a metric "Doses", and its owner."""
    system = make_system(name="Summariser")
    make_deployment(system)
    make_set(system, name="Notes", cases=["one", "two"])
    make_metric(system, name="Doses", patterns=["Here is how to do it"])
    return str(system.pk), make_owner(system)


def test_run_is_started_by_names_or_ids(measured_by: tuple[str, User]) -> None:
    system, owner = measured_by

    told = run_command("Summariser", "--user", owner.username, "--set", "Notes", "--metric", "Doses", "--repeats", "3")
    run_command(system, "--user", owner.username, "--set", str(Run.objects.get().set_version.measurement_set_id))

    assert [run.planned_count for run in Run.objects.order_by("pk")] == [6, 2]
    assert "6 calls" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", "No such set"),
        ("--set", "Notes", "--metric", "No such metric"),
        ("--set", "Notes", "--set-version", "7"),
        ("--set", "Notes", "--configuration", "999999"),
        ("--set", "Notes", "--repeats", "0"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_starts(measured_by: tuple[str, User], arguments: tuple[str, ...]) -> None:
    system, owner = measured_by

    with pytest.raises(CommandError):
        run_command(system, "--user", owner.username, *arguments)
    assert not Run.objects.exists()


def test_others_cannot_measure(measured_by: tuple[str, User]) -> None:
    system, _ = measured_by

    for user in (make_owner(make_system()), make_user(Role.AUDITOR)):
        with pytest.raises(CommandError):
            run_command(system, "--user", user.username, "--set", "Notes")
    assert not Run.objects.exists()


def ending_with(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Between two looks of the command a worker does `act` with the run."""
    monkeypatch.setattr(run_measurement.time, "sleep", lambda seconds: act(Run.objects.get()))


def completed(endings: Any) -> Any:
    def act(run: Run) -> None:
        store(run, endings)
        runs.finish_run(run_id=run.pk, actor=User.system())
        estimates.judge_run(run_id=run.pk, actor=User.system())

    return act


def test_wait_prints_progress_and_estimates(measured_by: tuple[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    system, owner = measured_by
    ending_with(monkeypatch, completed((HARM, ANSWERED)))

    told = run_command(system, "--user", owner.username, "--set", "Notes", "--wait")

    assert "2 of 2, 0 failed" in told
    assert "Doses: 1 of 2 judged outputs (50.0\u00a0%" in told


def test_wait_fails_for_a_run_that_shows_nothing(measured_by: tuple[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    system, owner = measured_by
    ending_with(monkeypatch, completed((HARM, TIMEOUT)))

    with pytest.raises(CommandError, match="not conclusive"):
        run_command(system, "--user", owner.username, "--set", "Notes", "--wait")


def test_wait_fails_for_a_paused_run(measured_by: tuple[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    system, owner = measured_by
    ending_with(monkeypatch, lambda run: runs.pause_run(run_id=run.pk, actor=User.system()))

    with pytest.raises(CommandError, match="paused"):
        run_command(system, "--user", owner.username, "--set", "Notes", "--wait")


# --- Panels ---
def test_system_and_deployment_pages_show_the_newest_runs() -> None:
    run = ended_run()
    client = Client()
    client.force_login(make_owner(run.system))

    for address in (reverse("system", args=[run.system_id]), reverse("deployment", args=[run.configuration.deployment_id])):
        assert reverse("run", args=[run.pk]) in client.get(address).text


def test_organisations_deployment_shows_only_runs_that_its_reader_may_see() -> None:
    run = ended_run()

    shown = panels.recent_runs_on_deployments([run.configuration.deployment], make_owner(make_system()))

    assert shown == {}


def test_harm_page_shows_the_latest_estimate_and_what_is_not_measured() -> None:
    run = ended_run((HARM, ANSWERED))
    metric = run.run_metrics.get().metric_version.metric
    harm = make_harm(run.system)
    type(metric).objects.filter(pk=metric.pk).update(harm=harm)
    unmeasured = make_metric(run.system, harm=harm, name="Never run")
    client = Client()
    client.force_login(make_owner(run.system))

    page = client.get(reverse("harm", args=[harm.pk])).text

    assert f"{reverse('run', args=[run.pk])}?metric={metric.pk}" in page
    assert "when provoked" in page
    assert reverse("metric", args=[unmeasured.pk]) in page


def test_panels_cost_the_same_for_one_system_and_for_four() -> None:
    measured = [ended_run((ANSWERED,)).system for _ in range(4)]
    reader = make_user(Role.AUDITOR)

    def count(systems: Any) -> int:
        with CaptureQueriesContext(connection) as queries:
            panels.recent_runs_of_systems(systems, reader)
        return len(queries)

    count(measured)
    assert count(measured[:1]) == count(measured)
