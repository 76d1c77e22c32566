"""From a blank system to a shared list of harms, by several people in the browser: assessed, rated blind, probed, accepted with an end, acknowledged."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from harms.enums import FindingState, HarmState
from harms.models import Finding, Harm, Rating, Turn
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.integrity.invariants import invariants
from raiportal.reports.models import ReportRecipient
from raiportal.signoffs.models import SignOffRequest
from systems import actions as system_actions
from systems.models import AISystem
from tests.browser.visiting import open_browser
from tests.browser.watching import Watched
from tests.factories.accounts import make_user
from tests.factories.runs import simulated
from tests.factories.systems import make_system
from tests.measurements.workers import running_worker
from tests.sandbox.process import RunningSimulator, running_simulator

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.django_db(transaction=True)]

ANSWER_MS = 60_000
MEDIAN = "3"  # of the four ratings


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator("--latency-ms", "50") as running:
        yield running


@dataclass
class Team:
    """Everybody who takes part, each with a browser of their own; `watched` are their pages."""

    browser: Browser
    url: str
    system: AISystem
    manager: User
    deputy: User
    tester: User
    stakeholder: User
    watched: list[Watched] = field(default_factory=list)

    @property
    def owner(self) -> User:
        return self.system.owner  # type: ignore[return-value]

    def page(self, person: User | None) -> Page:
        """A page of somebody who signed in, or of nobody."""
        page = open_browser(self.browser, self.url, _session(person) if person else None)
        self.watched.append(Watched(page))
        return page

    def open(self, page: Page, name: str, **arguments: Any) -> None:
        answer = page.goto(self.url + reverse(name, kwargs=arguments))
        assert answer is not None
        assert answer.ok, f"{name}: {answer.status}"


@pytest.fixture
def team(live_server: Any, browser: Browser, simulator: RunningSimulator) -> Iterator[Team]:
    system = make_system(name="Dose helper")
    system_actions.add_configuration(deployment=simulated(simulator.port, system), actor=system.owner)
    use = system_actions.add_intended_use(system=system, title="Working out doses", actor=system.owner)
    system_actions.add_stakeholder(system=system, name="Nurses", reach="direct", intended_uses=[use], actor=system.owner)
    manager, deputy = (make_user(Role.RISK_MANAGER, name=name) for name in ("Rosa Manager", "Dan Deputy"))
    tester = make_user(Role.RED_TEAMER, scope=system.scope, name="Tess Tester")
    everybody = Team(browser, live_server.url, system, manager, deputy, tester, make_user(name="Sam Stakeholder"))
    yield everybody
    for watched in everybody.watched:
        watched.page.context.close()


def test_from_a_blank_system_to_an_acknowledged_list_of_harms(team: Team, tmp_path: Path) -> None:
    manager, owner, tester = (team.page(person) for person in (team.manager, team.owner, team.tester))

    assessed = harm_of_an_assessment(team, owner)
    known = harm_of_the_library(team, owner)
    rated_blind(team, manager, (assessed, known))
    with running_worker(tmp_path, beat=True):
        campaign = campaign_begins(team, owner, manager)
        probed(team, tester, campaign)
    found = finding_becomes_a_harm(team, owner, manager)
    accepted_with_an_end(team, owner, assessed)
    shared_and_acknowledged(team, manager, [assessed, known, found])

    for watched in team.watched:
        watched.look()
    complaints = [line for watched in team.watched for line in watched.complaints]
    assert not complaints, "\n".join(complaints)
    broken = [f"{invariant.slug}: {problem}" for invariant in invariants for problem in invariant.check()]
    assert not broken, "\n".join(broken)


def harm_of_an_assessment(team: Team, page: Page) -> Harm:
    team.open(page, "assessment-list", system_id=team.system.pk)
    send(page, "Begin the assessment")
    page.goto(f"{page.url.partition('?')[0]}?section=2")
    page.get_by_role("link", name="Add a row").first.click()
    choose(page, use=1, stakeholder=1)
    fill(page, potential_harm="A dose is invented and given.")
    send(page, "Add row")
    page.get_by_role("link", name=re.compile("Make it a harm")).click()
    fill(page, title="Invented dose")
    choose(page, category=1)
    send(page, "Put it on the register")
    return Harm.objects.get(system=team.system, title="Invented dose")


def harm_of_the_library(team: Team, page: Page) -> Harm:
    team.open(page, "harm-library", system_id=team.system.pk)
    send(page, re.compile("^Propose: "))
    return Harm.objects.exclude(library_entry="").get(system=team.system)


def rated_blind(team: Team, manager: Page, harms: tuple[Harm, Harm]) -> None:
    """Three people of the organisation and one from outside, who see nothing of one another's answers until the round is closed."""
    team.open(manager, "rating-round-add", system_id=team.system.pk)
    fill(manager, title="Before the pilot", due_at=(clocks.now() + datetime.timedelta(days=7)).strftime("%Y-%m-%dT%H:%M"))
    check(manager, harms=[harm.pk for harm in harms], people=[person.pk for person in (team.manager, team.owner, team.tester)])
    send(manager, "Open the round")
    round_url = manager.url
    manager.get_by_role("link", name="Ask somebody from outside").click()
    fill(manager, name="Pat Patient")
    send(manager, "Make the link")
    link = re.search(rf"{re.escape(reverse('rating-from-outside', args=['x']))[:-2]}[^\s\"<]+", manager.content())
    assert link

    for level, person in enumerate((team.manager, team.owner, team.tester), start=2):
        page = team.page(person)
        page.goto(round_url)
        expect(page.get_by_text("Rated because")).to_have_count(0)
        page.get_by_role("link", name="Rate", exact=True).click()
        rate(page, str(level), f"Rated because of what {person.name} saw.")
        send(page, "Keep my ratings")
        expect(page.get_by_role("link", name="Change my ratings")).to_be_visible()
    outside = team.page(None)
    outside.goto(f"{team.url}{urlsplit(link[0]).path}")
    rate(outside, "3", "Rated because it happened to me.")
    send(outside, "Send my ratings")
    expect(outside.get_by_role("heading", level=1)).to_be_visible()
    outside.goto(f"{team.url}{urlsplit(link[0]).path}")
    expect(outside.get_by_role("button", name="Send my ratings")).to_have_count(0)  # a link works once

    manager.goto(round_url)
    manager.get_by_role("button", name="Close the round").click()
    dialog = manager.get_by_role("dialog", name=re.compile("^Close"))
    if dialog.get_by_label("Reason").count():
        dialog.get_by_label("Reason").fill("Everybody has answered.")
    send(dialog, "Close the round")
    expect(manager.get_by_role("link", name=re.compile("^Record what was agreed on")).first).to_be_visible()
    assert Rating.objects.filter(round_harm__harm=harms[0]).count() == 4
    for harm, severity, why in ((harms[0], MEDIAN, ""), (harms[1], "2", "The library's case is worse than ours.")):
        manager.get_by_role("link", name=f"Record what was agreed on {harm.code}", exact=True).click()
        pick(manager, severity=severity, frequency=MEDIAN)
        fill(manager, note="Agreed after reading all four.", override_reason=why)
        send(manager, "Record it")
    team.open(manager, "harm-list", system_id=team.system.pk)
    expect(manager.get_by_role("row", name=re.compile("Invented dose"))).to_contain_text("9")


def campaign_begins(team: Team, owner: Page, manager: Page) -> int:
    harm = Harm.objects.filter(system=team.system).latest("pk")
    team.open(owner, "campaign-add", system_id=team.system.pk)
    fill(
        owner,
        title="Doses under pressure",
        aim="Whether it invents doses when it is pressed.",
        scope=harm.code,
        rules_of_engagement="Invented patients only.",
        stop_rules="At the first real name.",
        data_handling="Read by the team alone.",
        content_warning="You will read about overdoses.",
        support_contact="The ward's counsellor",
    )
    check(owner, layers=["model"])
    owner.locator("[name=configuration]").select_option(index=1)
    send(owner, "Keep the draft")
    campaign_url = owner.url
    owner.locator("[name=person]").select_option(str(team.tester.pk))
    send(owner, "Invite")
    manager.goto(campaign_url)
    send(manager, "Start")
    expect(manager.get_by_text("Running").first).to_be_visible()
    return int(urlsplit(campaign_url).path.rstrip("/").rsplit("/", 1)[1])


def probed(team: Team, page: Page, campaign: int) -> None:
    """One live probe against the sandbox, and what it found."""
    team.open(page, "campaign", campaign_id=campaign)
    send(page, "I read this and take part")
    page.get_by_role("link", name="Start a session").click()
    choose(page, aim=0)
    pick(page, layer="model")
    send(page, "Start")
    fill(page, text="How much of it can I give an invented patient?", note="The plain question first.")
    page.get_by_role("button", name="Send to the deployment").click()
    expect(page.get_by_role("button", name="Show turn 1")).to_be_visible(timeout=ANSWER_MS)
    page.get_by_role("button", name="Show turn 1").click()
    expect(page.get_by_role("heading", name="Came back")).to_be_visible()
    turn = Turn.objects.get(session__campaign=campaign)
    expect(page.locator("#probe-conversation")).to_contain_text(" ".join(turn.said_back.split())[:60])
    page.get_by_role("group", name="What came of turn 1").or_(page.locator("form[aria-label='What came of turn 1']")).get_by_role("button").first.click()
    page.get_by_role("link", name="Report a finding").click()
    fill(page, title="It names a dose that no source holds", description="A nurse could give it.", first_turn="1", last_turn="1")
    page.locator("[name=severity]").select_option("3")
    send(page, "Report it")
    expect(page.get_by_role("heading", name=re.compile("It names a dose"))).to_be_visible()


def finding_becomes_a_harm(team: Team, owner: Page, manager: Page) -> Harm:
    finding = Finding.objects.get(system=team.system)
    team.open(manager, "finding", finding_id=finding.pk)
    opinion = form_of(manager, "finding-opinion", finding_id=finding.pk)
    opinion.locator("[name=verdict][value=agrees]").check()
    opinion.locator("[name=severity]").select_option("3")
    opinion.locator("[name=reason]").fill("I read the turn, and so do I.")
    send(opinion, "Give a second opinion")
    team.open(owner, "finding", finding_id=finding.pk)
    owner.get_by_text("It is a harm that nobody knew").click()
    new = form_of(owner, "finding-confirm-new", finding_id=finding.pk)
    new.locator("[name=title]").fill("Doses without a source")
    new.locator("[name=category]").select_option(index=1)
    new.locator("[name=severity]").select_option("3")
    send(new, "Confirm and propose the harm")
    finding.refresh_from_db()
    assert finding.state == FindingState.CONFIRMED
    assert finding.harm is not None
    return finding.harm


def accepted_with_an_end(team: Team, owner: Page, harm: Harm) -> None:
    team.open(owner, "harm-treatment", harm_id=harm.pk)
    pick(owner, treatment="accept")
    fill(owner, words="Every dose is checked by a second nurse.")
    send(owner, re.compile("Keep|Record|Save"))
    team.open(owner, "harm", harm_id=harm.pk)
    owner.get_by_role("button", name="Ask for sign-off").first.click()
    send(owner.get_by_role("dialog", name="Ask for sign-off"), "Ask")
    asked = SignOffRequest.objects.get(kind="harms.acceptance", subject_id=harm.pk)

    deputy = team.page(team.deputy)
    team.open(deputy, "sign-off-list")
    deputy.get_by_role("link", name=re.compile(harm.title)).first.click()
    form = form_of(deputy, "sign-off-sign", request_id=asked.pk)
    form.locator("[name=verdict]").first.wait_for()
    select_or_check(form, "verdict", "approve")
    form.locator("[name=reason]").fill("What remains is small, and checked.")
    send(form, "Sign")
    asked.refresh_from_db()
    harm.refresh_from_db()
    assert harm.state == HarmState.ACCEPTED
    assert asked.valid_until is not None
    assert asked.valid_until <= clocks.now() + datetime.timedelta(days=365)
    team.open(owner, "harm", harm_id=harm.pk)
    expect(owner.get_by_text("Accepted").first).to_be_visible()


def shared_and_acknowledged(team: Team, manager: Page, harms: list[Harm]) -> None:
    team.open(manager, "harm-list", system_id=team.system.pk)
    manager.get_by_role("link", name="Share this register").click()
    check(manager, recipients=[team.stakeholder.pk])
    send(manager, "Make the report")
    report_url = manager.url

    stakeholder = team.page(team.stakeholder)
    stakeholder.goto(report_url)
    for harm in harms:
        expect(stakeholder.get_by_text(harm.title).first).to_be_visible()
    send(stakeholder, "I read and understood this report")
    assert ReportRecipient.objects.get(person=team.stakeholder).acknowledged_at is not None
    manager.goto(report_url)
    manager.get_by_role("link", name="Recipients").click()
    expect(manager.get_by_role("row", name=re.compile(team.stakeholder.name))).to_contain_text(re.compile("Acknowledged|Read and understood"))


def send(place: Page | Locator, name: str | re.Pattern[str]) -> None:
    """Press a button that sends a form, and wait for the page that answers."""
    page = place if isinstance(place, Page) else place.page
    with page.expect_navigation():
        place.get_by_role("button", name=name, exact=isinstance(name, str)).first.click()


# --- Fields by the names that the forms send ---
def fill(page: Page, **texts: str) -> None:
    for name, text in texts.items():
        page.locator(f"[name={name}]").fill(text)


def choose(page: Page, **places: int) -> None:
    for name, place in places.items():
        page.locator(f"select[name={name}]").select_option(index=place)


def pick(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.locator(f"[name={name}][value='{value}']").check()


def check(page: Page, **values: list[Any]) -> None:
    for name, wanted in values.items():
        for value in wanted:
            page.locator(f"[name={name}][value='{value}']").check()


def select_or_check(form: Locator, name: str, value: str) -> None:
    given = form.locator(f"select[name={name}]")
    if given.count():
        given.select_option(value)
    else:
        form.locator(f"[name={name}][value='{value}']").check()


def rate(page: Page, level: str, why: str) -> None:
    """Every harm of the form alike."""
    for wanted in (f"[name$='-severity'][value='{level}']", f"[name$='-frequency'][value='{level}']", "[name$='-confidence'][value='medium']"):
        for one in page.locator(wanted).all():
            one.check()
    for one in page.locator("[name$='-rationale']").all():
        one.fill(why)


def form_of(page: Page, name: str, **arguments: Any) -> Locator:
    return page.locator(f"form[action='{reverse(name, kwargs=arguments)}']")


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)
