"""The status page tells what stands still and what to do; pages go on without the broker; Prometheus' figures hold no ids."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import pytest
import redis
from django.conf import settings
from django.test import Client, override_settings

from measurements.enums import Outcome
from raiportal import clocks
from raiportal.accounts.enums import Ability, Role, UserKind
from raiportal.accounts.models import User
from raiportal.audit.models import Verification
from raiportal.audit.tasks import verify_ledger
from raiportal.celery import app, beat_at_once
from raiportal.status import actions, alive, readings
from raiportal.status.models import Heartbeat
from raiportal.status.readings import Level, Reading
from tests.factories.accounts import make_token, make_user
from tests.factories.runs import make_run

pytestmark = pytest.mark.django_db
AWAY = "redis://127.0.0.1:9/0"  # nothing listens there


def reading(slug: str) -> Reading:
    return next(each for each in readings.status().readings if each.slug == slug)


def test_signs_of_life_are_well_while_fresh_and_broken_when_old() -> None:
    assert reading("worker_age").level is Level.BROKEN

    actions.note_heartbeat()
    actions.note_tick()
    assert (reading("worker_age").level, reading("beat_age").level) == (Level.WELL, Level.WELL)

    Heartbeat.objects.filter(name=actions.BEAT).update(at=clocks.now() - datetime.timedelta(minutes=5))
    assert reading("beat_age").level is Level.BROKEN
    assert "start it" in reading("beat_age").remedy


def test_ledger_that_was_never_verified_is_a_warning_until_the_first_look() -> None:
    assert (reading("ledger_verified").level, reading("ledger_verified").value) == (Level.DEGRADED, "never")

    verify_ledger()

    assert reading("ledger_verified").level is Level.WELL


def test_ledger_is_verified_once_a_day_however_often_beat_asks() -> None:
    def verified() -> int:
        verify_ledger()
        return Verification.objects.count()

    assert [verified(), verified()] == [1, 1]

    Verification.objects.update(at=clocks.now() - datetime.timedelta(hours=23, minutes=55))
    assert verified() == 1

    Verification.objects.update(at=clocks.now() - datetime.timedelta(hours=24))
    assert verified() == 2


def test_beat_asks_more_often_than_the_ledger_is_verified() -> None:
    """A beat that is started anew once an hour still has it verified: it asks at its start too."""
    entry = settings.CELERY_BEAT_SCHEDULE["verify-ledger"]
    with patch.object(app, "send_task") as send_task:
        beat_at_once()

    assert (entry["task"], entry["schedule"]) == (verify_ledger.name, 3600.0)
    assert verify_ledger.name in [call.args[0] for call in send_task.call_args_list]


def test_verification_that_is_days_old_is_a_warning() -> None:
    verify_ledger()
    Verification.objects.update(at=clocks.now() - datetime.timedelta(days=2, minutes=1))

    assert reading("ledger_verified").level is Level.DEGRADED, Verification.objects.get().problems
    assert "beat" in reading("ledger_verified").remedy


def test_pages_work_and_status_is_degraded_without_the_broker(client: Client) -> None:
    client.force_login(make_user(Role.AUDITOR))

    with override_settings(BROKER_URL=AWAY):
        began = time.monotonic()
        page = client.get("/settings/status/")
        assert time.monotonic() - began < 10

    assert page.status_code == 200
    assert "What to do" in page.text
    assert "Pages work and nothing is lost" in page.text


def test_broker_that_is_full_degrades_the_status() -> None:
    with redis.Redis(unix_socket_path=settings.BROKER_URL.removeprefix("redis+socket://").partition("?")[0]) as client:
        client.config_set("maxmemory", 1)
        try:
            assert reading("broker_memory").level is Level.DEGRADED
        finally:
            client.config_set("maxmemory", 0)

    assert reading("broker_memory").level is Level.WELL


def test_run_that_nobody_works_on_is_told_with_its_wait() -> None:
    run = make_run(start=True)
    type(run).objects.filter(pk=run.pk).update(started_at=clocks.now() - datetime.timedelta(minutes=10))

    waiting = reading("waiting_age")

    assert waiting.level is Level.DEGRADED
    assert waiting.figure is not None
    assert 590 < waiting.figure < 700
    assert reading("items_waiting").figure == run.planned_count


def test_a_probe_that_fails_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(now: datetime.datetime) -> list[Reading]:
        raise OSError("gone")

    monkeypatch.setattr(readings, "probes", [readings.Probe("disk", "Disk", fail), *[probe for probe in readings.probes if probe.slug != "disk"]])

    assert reading("disk").value == "can't be read"
    assert reading("database_size").figure


def test_status_over_the_api_is_that_of_the_page() -> None:
    answer = Client(headers={"Authorization": f"Bearer {make_token(make_user(Role.RISK_MANAGER))}"}).get("/api/v1/status/")

    told = answer.json()
    assert answer.status_code == 200
    assert {"slug", "title", "value", "figure", "unit", "bound", "level", "remedy"} == set(told["readings"][0])
    assert told["level"] in {"well", "degraded", "broken"}


def test_figures_are_for_administrators_and_for_service_accounts_whose_token_is_for_nothing_else() -> None:
    service = make_user()
    User.objects.filter(pk=service.pk).update(kind=UserKind.SERVICE)
    service.refresh_from_db()
    tried = {
        "administrator": make_token(make_user(Role.ADMINISTRATOR)),
        "service": make_token(service, ability=Ability.METRICS),
        "service that may all": make_token(service),
        "person": make_token(make_user(), ability=Ability.METRICS),
    }

    answers = {who: Client(headers={"Authorization": f"Bearer {key}"}).get("/metrics").status_code for who, key in tried.items()}

    assert answers == {"administrator": 200, "service": 200, "service that may all": 403, "person": 403}
    assert Client().get("/metrics").status_code == 401
    metrics_alone = Client(headers={"Authorization": f"Bearer {tried['service']}"})
    assert metrics_alone.get("/api/v1/systems/").status_code == 403


def test_figures_hold_no_ids_and_count_what_is_stored(client: Client) -> None:
    make_run(start=True)
    client.force_login(make_user(Role.ADMINISTRATOR))
    client.get("/systems/no-such-system-4711/")
    client.get("/settings/people/1/")

    text = client.get("/metrics").content.decode()

    labels = dict(re.findall(r'(\w+)="([^"]*)"', text))
    assert "no-such-system" not in text
    assert not [value for value in re.findall(r'(?:view|name|state|outcome|reading|purpose)="([^"]*)"', text) if re.search(r"\d", value)]
    assert labels
    assert 'raiportal_runs{state="running"} 1.0' in text
    assert {f'raiportal_outputs_total{{outcome="{outcome}"}} 0.0' for outcome in Outcome} <= set(text.splitlines())
    assert "raiportal_ledger_unsealed" in text


def test_metrics_cost_a_request_little() -> None:
    page = Client()
    page.get("/healthz")
    began = time.process_time()
    for _ in range(200):
        page.get("/healthz")
    with_figures = time.process_time() - began
    without = [name for name in settings.MIDDLEWARE if "prometheus" not in name]
    with override_settings(MIDDLEWARE=without):
        page = Client()
        page.get("/healthz")
        began = time.process_time()
        for _ in range(200):
            page.get("/healthz")
        bare = time.process_time() - began

    assert (with_figures - bare) / 200 < 0.002  # seconds of a request


def test_healthy_looks_at_the_age_of_the_sign_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "alive"
    assert alive.main(["worker"]) == 1

    monkeypatch.setenv(alive.FILE_VARIABLE, str(file))
    assert alive.main(["beat"]) == 1
    alive.touch()
    assert alive.main(["beat"]) == 0
    os.utime(file, (time.time() - 120, time.time() - 120))
    assert alive.main(["worker"]) == 1
    assert "120 s old" in capsys.readouterr().err
    monkeypatch.setenv(alive.PORT_VARIABLE, "9")
    assert alive.main(["web"]) == 1


COUNTING = """
import os, sys, time
from raiportal.status import processes
processes.share_figures()
from prometheus_client import Counter
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client import CollectorRegistry, generate_latest
done = Counter("done", "Done.")
def child(times):
    pid = os.fork()
    if not pid:
        done.inc(times)
        os._exit(0)
    os.waitpid(pid, 0)
for times in (1, 2, 3):
    child(times)
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
print(len([name for name in os.listdir(os.environ["PROMETHEUS_MULTIPROC_DIR"]) if name.endswith(".db")]), "files")
"""


def test_processes_count_together_and_leave_their_place_to_the_next(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "RAIPORTAL_METRICS": str(tmp_path / "figures")}
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "counter_left.db").write_bytes(b"left by an earlier start")

    told = subprocess.run([sys.executable, "-c", COUNTING], env=environment, capture_output=True, text=True, check=True, cwd=settings.BASE_DIR).stdout

    assert "done_total 6.0" in told
    assert "2 files" in told  # the parent's, and the one place that its three children took in turn


def test_pending_migrations_are_told_with_the_command_that_the_operations_page_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raiportal.status.selectors.pending_migrations", lambda: True)

    told = Client().get("/readyz")

    assert told.status_code == 503
    assert "`manage.py prepare_database`" in told.text
