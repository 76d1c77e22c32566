"""The commands of docker-compose.yml and of the Dockerfile, run with their environments on Debian's PostgreSQL and Redis, and what each fault makes of it.

What Docker itself does (images, networks, users, read-only roots) is not proved here; see tests/project/test_compose.py for what can be said of the files.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
import redis

from tests import figures
from tests.sandbox.process import MODEL, running_simulator
from tests.stack import composition
from tests.stack.composition import CHECKOUT, DOCKERFILE
from tests.stack.machine import Machine
from tests.stack.servers import Postgres, Redis, eventually

pytestmark = pytest.mark.stack
PASSWORD = "a long enough pass phrase"
CASES = 400
HEADERS = {
    "Host": "portal.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.7",
    "Referer": "https://portal.example/",
    "Origin": "https://portal.example",
}
QUICK = {"RAIPORTAL_ENGINE_LEASE_SECONDS": "3", "RAIPORTAL_SWEEP_SECONDS": "2", "RAIPORTAL_HEARTBEAT_SECONDS": "2"}  # as the engine's own fault tests


@contextmanager
def standing() -> Iterator[Machine]:
    """Database and broker, and nothing else yet."""
    folder = Path(tempfile.mkdtemp(prefix="raiportal-stack-"))
    folder.chmod(0o755)
    (folder / "data").mkdir()
    database = Postgres(folder / "postgres", composition.SECRETS["RAIPORTAL_DB_OWNER_PASSWORD"])
    broker = Redis(folder / "broker", composition.SECRETS["RAIPORTAL_BROKER_PASSWORD"])
    machine = Machine(folder, database, broker, composition.services())
    try:
        database.initialise()
        database.start()
        database.make_database()
        broker.start()
        yield machine
    except BaseException:
        for name in machine.processes:
            sys.stdout.write(f"--- {name} ---\n{machine.log(name)[-4000:]}\n")
        raise
    finally:
        machine.close()
        broker.stop()
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_composed_installation_does_its_work_through_every_fault() -> None:
    began = time.monotonic()
    with standing() as machine, running_simulator("--latency-ms", "40") as simulator:
        machine.extra = {**QUICK, "RAIPORTAL_ENDPOINT_ALLOWLIST": f"127.0.0.1:{simulator.port}"}
        images_own_steps_work(machine)
        prepare_makes_two_roles(machine)
        everything_starts_and_is_healthy(machine)
        with httpx2.Client(base_url=f"http://127.0.0.1:{machine.port}", headers=HEADERS, timeout=20, trust_env=False) as browser:
            administrator_signs_in(machine, browser)
            with caller(machine, browser) as api:
                run = run_is_started(api, f"http://127.0.0.1:{simulator.port}/v1")
                runner_that_is_killed_comes_back(machine, api, run)
                run_completes(api, run)
                pages_work_without_the_broker(machine, browser, api)
                database_that_restarts_is_found_again(machine, browser)
                run_completes(api, api.post("/api/v1/runs/", json=the_plan(api, run)).raise_for_status().json()["id"])
                figures_are_for_those_who_may(machine, api, browser)
        backup_is_restored_beside(machine)
        everything_stops_when_told(machine)
        no_secret_stands_in_a_log(machine)
    figures.tell(f"stack: the whole story took {time.monotonic() - began:.0f} s")


def images_own_steps_work(machine: Machine) -> None:
    """Collecting static files, as the Dockerfile has it."""
    step = re.search(r"^RUN (RAIPORTAL_SECRET_KEY=.+?)\n(?=[A-Z])", DOCKERFILE.read_text(), re.MULTILINE | re.DOTALL)
    assert step
    words = step[1].replace("\\\n", " ").split()
    environment = {
        "PATH": machine.environment("web")["PATH"],
        "RAIPORTAL_STATIC": str(machine.folder / "static"),
        "RAIPORTAL_DATA": str(machine.folder / "data"),
    }
    answer = subprocess.run(["/usr/bin/env", *words], env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert (machine.folder / "static" / "staticfiles.json").exists()


def prepare_makes_two_roles(machine: Machine) -> None:
    for _ in range(2):  # harmless when repeated
        answer = machine.run("prepare", seconds=600)
        assert answer.returncode == 0, answer.stdout + answer.stderr
    assert machine.run("prepare", "python", "manage.py", "seed_demo").returncode != 0
    application = {"user": "raiportal", "password": composition.SECRETS["RAIPORTAL_DB_PASSWORD"], "dbname": "raiportal"}
    with psycopg.connect(host="127.0.0.1", port=machine.database.port, autocommit=True, **application) as connection:
        assert connection.execute("select count(*) from account_user where kind = 'person'").fetchone() == (0,)
        for statement in ("delete from audit_entry", "update audit_entry set action = 'x'", "truncate audit_entry", "create table anything (id int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def everything_starts_and_is_healthy(machine: Machine) -> None:
    assert not machine.is_healthy("web")
    for name in ("web", "worker", "runner", "beat"):
        machine.start(name)
    for name in ("web", "worker", "runner", "beat"):
        eventually(lambda name=name: machine.is_healthy(name), f"{name} is never healthy:\n{machine.log(name)}", seconds=60)
    with machine.broker.client("") as unknown, pytest.raises(redis.AuthenticationError):
        unknown.ping()


def administrator_signs_in(machine: Machine, browser: httpx2.Client) -> None:
    told = machine.run("web", "python", "manage.py", "add_administrator", "first", "--name", "First Administrator")
    assert told.returncode == 0, told.stderr
    link = told.stdout.strip().splitlines()[-1]
    assert link.startswith("https://portal.example/")
    send(browser, link.removeprefix("https://portal.example"), password=PASSWORD, repeated=PASSWORD)
    send(browser, "/account/login/", login="first", password=PASSWORD)
    assert browser.get("/settings/status/").status_code == 200


def send(browser: httpx2.Client, address: str, **fields: str) -> httpx2.Response:
    """Fill in a form and send it, with the token that its page holds; cookies are Secure, so they are carried by hand."""
    page = browser.get(address)
    keep_cookies(browser, page)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, f"{address} answered {page.status_code} without a form"
    answer = browser.post(address, data={"csrfmiddlewaretoken": token[1], **fields})
    assert answer.status_code == 302, f"{address} answered {answer.status_code}: {answer.text[-2000:]}"
    keep_cookies(browser, answer)
    return answer


def keep_cookies(browser: httpx2.Client, answer: httpx2.Response) -> None:
    kept = dict(pair.split("=", 1) for pair in browser.headers.get("Cookie", "").split("; ") if pair)
    for header in answer.headers.get_list("Set-Cookie"):
        assert "Secure" in header or "Max-Age=0" in header
        name, _, value = header.partition(";")[0].partition("=")
        kept[name] = value
    browser.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in kept.items())


def caller(machine: Machine, browser: httpx2.Client) -> httpx2.Client:
    made = machine.run("web", "python", "manage.py", "create_token", "--user", "first", "--scope", "all")
    assert made.returncode == 0, made.stderr
    headers = {**HEADERS, "Authorization": f"Bearer {made.stdout.split()[-1]}"}
    return httpx2.Client(base_url=str(browser.base_url), headers=headers, timeout=20, trust_env=False)


def run_is_started(api: httpx2.Client, endpoint: str) -> int:
    system = add(api, "systems", name="Composed", purpose="To be measured by the composed installation.")["id"]
    deployment = add(
        api,
        "deployments",
        system=system,
        name="Simulator",
        provider="openai_compatible",
        base_url=endpoint,
        model=MODEL,
        api_key="sk-composed-5d1c8e7f",
        max_concurrency=4,
    )
    held = add(api, "measurement-sets", system=system, name="Prompts")["id"]
    lines = "\n".join(f'{{"input": "Prompt number {number}"}}' for number in range(CASES))
    imported = api.post(f"/api/v1/measurement-sets/{held}/import/", files={"file": ("prompts.jsonl", lines.encode())}, data={"format": "jsonl"})
    metric = add(api, "metrics", system=system, name="Harm", definition="Anything.", threshold=4, judge={"kind": "rule", "patterns": ["harm"]})["id"]
    plan = {"configuration": deployment["configuration"], "measurement_set_version": imported.json()["version"], "metrics": [metric]}
    return int(add(api, "runs", **plan, repeats=1, max_concurrency=4, start=True)["id"])


def add(api: httpx2.Client, path: str, **body: object) -> dict[str, object]:
    answer = api.post(f"/api/v1/{path}/", json=body)
    assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text}"
    return answer.json()  # type: ignore[no-any-return]


def the_plan(api: httpx2.Client, run: int) -> dict[str, object]:
    known = api.get(f"/api/v1/runs/{run}/").json()
    fields = ("configuration", "measurement_set_version", "metrics", "repeats", "max_concurrency")
    return {name: known[name] for name in fields} | {"start": True}


def answered(api: httpx2.Client, run: int) -> int:
    return int(api.get(f"/api/v1/runs/{run}/").json()["counts"]["answered"])


def run_completes(api: httpx2.Client, run: int) -> None:
    eventually(lambda: bool(api.get(f"/api/v1/runs/{run}/").json()["estimates"]), f"run {run} never ends", seconds=60)
    known = api.get(f"/api/v1/runs/{run}/").json()
    assert known["state"] == "completed"
    assert known["counts"]["pending"] == 0
    assert sum(known["counts"].values()) == known["counts"]["planned"] * 2  # once planned, once as what became of it


def runner_that_is_killed_comes_back(machine: Machine, api: httpx2.Client, run: int) -> None:
    eventually(lambda: answered(api, run) >= CASES // 10, "the run never begins")
    machine.kill("runner")
    assert machine.restart_the_dead() == ["runner"]


def pages_work_without_the_broker(machine: Machine, browser: httpx2.Client, api: httpx2.Client) -> None:
    machine.broker.stop()
    assert browser.get("/").status_code == 200
    assert machine.is_healthy("web")
    status = api.get("/api/v1/status/").json()
    assert status["level"] != "well"
    assert next(reading for reading in status["readings"] if reading["slug"] == "broker")["level"] == "degraded"
    machine.broker.start()
    eventually(lambda: is_working_again(machine, api), f"no worker after the broker came back:\n{machine.log('worker')[-3000:]}", seconds=60)


def is_working_again(machine: Machine, api: httpx2.Client) -> bool:
    machine.restart_the_dead()
    readings = {reading["slug"]: reading for reading in api.get("/api/v1/status/").json()["readings"]}
    return readings["broker"]["level"] == "well" and (readings["worker_age"]["figure"] or 99) < 3


def database_that_restarts_is_found_again(machine: Machine, browser: httpx2.Client) -> None:
    machine.database.stop()
    assert browser.get("/readyz").status_code == 503
    assert browser.get("/healthz").status_code == 200
    for address in ("/", "/api/v1/systems/"):
        answer = browser.get(address)
        assert answer.status_code == 503, f"{address} answered {answer.status_code}"
        assert "doesn’t answer" in answer.text or "doesn't answer" in answer.text or "doesn&#x27;t answer" in answer.text
    machine.database.start()
    eventually(lambda: not machine.restart_the_dead() and browser.get("/readyz").status_code == 200, "not ready after the database came back", seconds=60)
    assert browser.get("/").status_code == 200


def figures_are_for_those_who_may(machine: Machine, api: httpx2.Client, browser: httpx2.Client) -> None:
    assert httpx2.get(f"{browser.base_url}/metrics", headers=HEADERS, trust_env=False).status_code == 401
    text = api.get("/metrics").text
    assert sum(float(value) for value in re.findall(r'^raiportal_outputs_total\{outcome="\w+"\} ([\d.]+)$', text, re.MULTILINE)) == 2 * CASES
    assert "django_http_responses_total_by_status_total" in text
    assert "raiportal_worker_age_seconds" in text
    files = list((machine.folder / "tmp-web" / "metrics").glob("*.db"))
    assert files
    assert len({file.stem.rpartition("_")[2] for file in files}) <= 3  # two workers and the process that forked them


def backup_is_restored_beside(machine: Machine) -> None:
    """The owner backs up while everything runs, and restores into a second database."""
    file = machine.folder / "backup.zip"
    made = machine.run("web", "python", "manage.py", "backup", str(file))
    assert made.returncode == 0, made.stderr
    refused = machine.run("prepare", "python", "manage.py", "restore", str(file))
    assert refused.returncode == 1
    assert "isn't empty" in refused.stderr
    with machine.database.connect("postgres") as connection:
        connection.execute("create database beside")
    machine.extra["RAIPORTAL_DB_NAME"], machine.extra["RAIPORTAL_DATA"] = "beside", str(machine.folder / "beside")
    restored = machine.run("prepare", "python", "manage.py", "restore", str(file), seconds=600)
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "every invariant holds" in restored.stdout
    del machine.extra["RAIPORTAL_DB_NAME"], machine.extra["RAIPORTAL_DATA"]


def everything_stops_when_told(machine: Machine) -> None:
    for name in ("web", "beat", "worker", "runner"):
        assert machine.stop(name) == 0, machine.log(name)[-2000:]


def no_secret_stands_in_a_log(machine: Machine) -> None:
    logs = "".join(file.read_text(errors="replace") for file in machine.folder.glob("*.log"))
    for secret in (*(value for name, value in composition.SECRETS.items() if "PASSWORD" in name or "KEY" in name), PASSWORD, "sk-composed-5d1c8e7f"):
        assert secret not in logs


@pytest.mark.full
def test_packages_install_by_their_hashes_into_an_empty_environment(tmp_path: Path) -> None:
    """The Dockerfile's installing step, as it stands there."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    command = [tmp_path / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", CHECKOUT / "requirements.txt"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
