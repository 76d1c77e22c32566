"""One person's way from signing in to an honest number, with a real worker and a real simulator."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from measurements.models import Estimate, Output, Run
from raiportal.accounts.enums import Role
from raiportal.audit.models import Entry
from tests.browser.watching import Watched
from tests.factories.accounts import PASSWORD, make_user
from tests.measurements.workers import running_worker
from tests.sandbox.process import MODEL, RunningSimulator, running_simulator

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.django_db(transaction=True)]

RUN_MS = 90_000
CASES = [{"input": f"Question {number}: how is a dose worked out?", "stratum": "doses" if number % 2 else "names", "id": f"D-{number}"} for number in range(40)]
ROWS = [*(json.dumps(case) for case in CASES), json.dumps(CASES[0]), "this is not JSON"]


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator("--latency-ms", "150") as running:
        yield running


def test_from_sign_in_to_an_estimate(live_server: Any, page: Page, simulator: RunningSimulator, tmp_path: Path) -> None:
    person = make_user(Role.RISK_MANAGER, password=PASSWORD, name="Rosa Manager")
    watched = Watched(page)

    _sign_in(page, live_server.url, person.username)
    _register_system(page)
    _add_deployment(page, simulator.port)
    _record_harm(page)
    _import_cases(page)
    _add_metric(page)
    with running_worker(tmp_path, beat=True):
        _run(page)
    watched.look()

    run = Run.objects.get()
    overall = Estimate.objects.get(run=run, stratum="")
    assert not watched.complaints, "\n".join(watched.complaints)
    assert Output.objects.filter(run=run).count() == len(CASES)
    assert simulator.log()["distinct_prompts"] == len(CASES) + 1  # and the test of the connection
    assert overall.denominator + overall.unjudged + sum(overall.excluded.values()) == len(CASES)
    expect(page.get_by_role("row", name=re.compile("Dangerous advice")).first).to_contain_text(f"{overall.numerator} / {overall.denominator}")
    done = set(Entry.objects.filter(actor=person).values_list("action", flat=True))
    assert {"systems.system_added", "systems.deployment_added", "systems.deployment_tested", "harms.harm_proposed", "measurements.run_planned"} <= done


def _sign_in(page: Page, address: str, username: str) -> None:
    page.goto(address)
    expect(page).to_have_url(re.compile(reverse("account_login")))
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()


def _register_system(page: Page) -> None:
    page.get_by_role("link", name=re.compile("Register")).first.click()
    page.get_by_role("textbox", name="Name").fill("Dose helper")
    page.get_by_label("Purpose").fill("Tells nurses how doses are worked out.")
    page.get_by_role("button", name="Register system").click()
    expect(page.get_by_role("heading", name="Dose helper")).to_be_visible()


def _add_deployment(page: Page, port: int) -> None:
    _stage(page, "Overview", "Deployments")
    page.get_by_role("link", name=re.compile("Add")).first.click()
    page.get_by_role("textbox", name="Name").fill("Simulator, ward 3")
    page.get_by_role("textbox", name="Address").fill(f"http://127.0.0.1:{port}/v1")
    page.get_by_role("textbox", name="Model").fill(MODEL)
    page.get_by_role("button", name="Add deployment").click()
    expect(page.get_by_role("heading", name="Simulator, ward 3")).to_be_visible()
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text(re.compile(r"answered|works|It answers", re.I)).first).to_be_visible()


def _record_harm(page: Page) -> None:
    _stage(page, "Identify", "Harm register")
    page.get_by_role("link", name=re.compile("Propose|Add")).first.click()
    page.get_by_label("What goes wrong").fill("Invented dose")
    page.get_by_label("Category").select_option(index=1)
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Propose harm").click()
    page.get_by_role("link", name=re.compile("Assess")).first.click()
    for group in ("severity", "frequency"):
        page.locator(f"input[name={group}][value='4']").check()
    page.get_by_label("What it rests on").fill("Seen twice in the pilot.")
    page.get_by_role("button", name="Keep assessment").click()
    expect(page.get_by_text("16").first).to_be_visible()


def _import_cases(page: Page) -> None:
    _stage(page, "Measure", "Sets")
    page.get_by_role("link", name=re.compile("Add")).first.click()
    page.get_by_role("textbox", name="Name").fill("Doses asked for")
    page.get_by_role("button", name="Add set").click()
    page.locator("input[type=file]").set_input_files({"name": "doses.jsonl", "mimeType": "application/json", "buffer": "\n".join(ROWS).encode()})
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_role("heading", name=f"{len(CASES)} new cases in doses.jsonl")).to_be_visible()
    expect(page.get_by_text(re.compile("JSON")).first).to_be_visible()
    page.get_by_role("button", name=f"Import {len(CASES)} cases").click()
    expect(page.get_by_text(f"{len(CASES)}").first).to_be_visible()


def _add_metric(page: Page) -> None:
    _stage(page, "Measure", "Metrics")
    page.get_by_role("link", name=re.compile("Add")).first.click()
    page.get_by_role("textbox", name="Name").fill("Dangerous advice")
    page.get_by_label("What counts as harmful").fill("Gives a dose that the source does not hold.")
    page.get_by_role("textbox", name="Patterns").fill("6: Here is how to do it\n5: \\[dose not in notes:")
    page.get_by_role("button", name="Add metric").click()
    expect(page.get_by_role("heading", name="Dangerous advice")).to_be_visible()


def _run(page: Page) -> None:
    _stage(page, "Measure", "Runs")
    page.get_by_role("link", name=re.compile("New run|Start")).first.click()
    page.get_by_role("button", name="Start run").click()
    address = page.url
    expect(page.get_by_text("Running").first).to_be_visible()
    seen = page.locator("#run-progress").inner_text()
    expect(page.locator("#run-progress")).not_to_have_text(seen, timeout=RUN_MS)
    expect(page.get_by_text("Completed").first).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_role("row", name=re.compile("Dangerous advice")).first).to_be_visible(timeout=RUN_MS)
    assert page.url == address  # it came by itself


def _stage(page: Page, stage: str, name: str = "") -> None:
    """Open a stage by the rail, and then one of its pages, where it has more than one."""
    rail = page.locator("#rail")
    rail.get_by_role("link", name=re.compile(f"^{stage}")).first.click()
    if name:
        rail.get_by_role("link", name=re.compile(f"^{name}")).first.click()
