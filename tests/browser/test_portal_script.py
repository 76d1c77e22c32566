"""What `portal.js` and htmx do in a real browser: theme, toasts, refusals, veils, dialogs, menus, relative times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from raiportal.audit.models import Entry
from tests.browser.visiting import open_browser
from tests.browser.watching import Watched
from tests.project import world as worlds
from tests.project.door import Who
from tests.project.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return worlds.build()


@pytest.fixture
def owner(world: World, live_server: Any, browser: Browser) -> Iterator[Page]:
    """The owner's browser; whatever it complains about fails the test."""
    page = open_browser(browser, live_server.url, world.sessions[Who.OWNER])
    watched = Watched(page)
    yield page
    watched.look()
    page.context.close()
    assert watched.complaints == []


def _go(page: Page, live_server: Any, name: str, *arguments: Any) -> None:
    page.goto(live_server.url + reverse(name, args=arguments))


def _user_menu(page: Page) -> Locator:
    return page.locator("details[data-menu]:has([data-theme-choice])")


def test_chosen_theme_holds_on_the_next_page_without_a_flash(owner: Page, live_server: Any) -> None:
    _go(owner, live_server, "portfolio")
    _user_menu(owner).locator("summary").click()
    owner.locator("[data-theme-choice=dark]").click()
    expect(owner.locator("html")).to_have_attribute("data-theme", "dark")

    owner.add_init_script("document.addEventListener('DOMContentLoaded', () => { window.themeAtFirst = document.documentElement.dataset.theme; })")
    _go(owner, live_server, "token-list")

    expect(owner.locator("html")).to_have_attribute("data-theme", "dark")
    assert owner.evaluate("window.themeAtFirst") == "dark"
    expect(owner.locator("[data-theme-choice=dark]")).to_have_attribute("aria-pressed", "true")


def test_toast_can_be_dismissed_and_passes_by_itself(owner: Page, live_server: Any, world: World) -> None:
    owner.clock.install()
    _go(owner, live_server, "harm-edit", world.s1.harm.pk)
    owner.get_by_label("What goes wrong").fill("Another title")
    owner.get_by_role("main").get_by_role("button", name=re.compile("^(Keep|Save|Change)")).first.click()
    toast = owner.locator(".toast")
    expect(toast).to_be_visible()

    owner.clock.run_for(9_000)

    expect(toast).to_have_count(0)


def test_veiled_text_comes_when_asked_for_and_asking_is_recorded(owner: Page, live_server: Any, world: World) -> None:
    _go(owner, live_server, "output", world.s1.output.pk)
    assert "about the answer" not in owner.content()
    read = Entry.objects.filter(action="measurements.output_read")
    assert read.count() == 0

    owner.get_by_role("button", name=re.compile("Show the text.*answer", re.I)).first.click()

    expect(owner.get_by_text("Something about the answer.").first).to_be_visible()
    assert owner.url.endswith(reverse("output", args=[world.s1.output.pk]))
    assert read.count() == 1


def test_refusal_of_a_request_stands_in_the_notice_area(owner: Page, live_server: Any, world: World) -> None:
    _go(owner, live_server, "output", world.s1.output.pk)
    world.s1.owner.memberships.all().delete()

    owner.get_by_role("button", name=re.compile("Show the text.*answer", re.I)).first.click()

    notice = owner.locator("#notices .notice.bad")
    expect(notice).to_have_text(re.compile("nothing here, or nothing that you may see"))
    expect(owner.get_by_role("button", name=re.compile("Show the text.*answer", re.I)).first).to_be_visible()
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)


def test_lost_connection_is_said_in_words(owner: Page, live_server: Any, world: World) -> None:
    _go(owner, live_server, "output", world.s1.output.pk)
    owner.route("**/text/**", lambda route: route.fulfill(status=503, body="", content_type="text/html"))

    owner.get_by_role("button", name=re.compile("Show the text.*answer", re.I)).first.click()

    expect(owner.locator("#notices .notice.bad")).to_contain_text("can't do this right now")


def test_dialog_asks_for_a_reason_and_the_keyboard_closes_it(owner: Page, live_server: Any, world: World) -> None:
    _go(owner, live_server, "run", world.s1.running.pk)
    opener = owner.get_by_role("button", name="Cancel", exact=False).first
    opener.click()
    dialog = owner.locator(".dialog:popover-open")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_be_visible()

    owner.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    opener.click()
    owner.locator(".dialog:popover-open").get_by_label("Reason").fill("The prompts were wrong.")
    owner.locator(".dialog:popover-open button[type=submit]").click()

    expect(owner.get_by_text("Cancelled").first).to_be_visible()
    world.s1.running.refresh_from_db()
    assert world.s1.running.state == "cancelled"


def test_role_is_taken_with_a_reason(owner: Page, live_server: Any, world: World) -> None:
    _go(owner, live_server, "system-people", world.s1.system.pk)
    owner.get_by_role("button", name=f"Take away from {world.s1.membership.user.name}", exact=True).click()
    dialog = owner.locator(".dialog:popover-open")
    dialog.get_by_label("Reason").fill("Left the team.")

    dialog.get_by_role("button", name="Take role away").click()

    expect(owner.get_by_role("button", name=f"Take away from {world.s1.membership.user.name}", exact=True)).to_have_count(0)
    assert not world.s1.system.scope.memberships.filter(pk=world.s1.membership.pk).exists()


def test_menu_closes_by_escape_and_gives_the_focus_back(owner: Page, live_server: Any) -> None:
    _go(owner, live_server, "portfolio")
    menu = _user_menu(owner)
    menu.locator("summary").click()
    expect(menu).to_have_attribute("open", "")

    owner.keyboard.press("Escape")

    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()


def test_relative_times_stay_true(owner: Page, live_server: Any, world: World) -> None:
    owner.clock.install()
    _go(owner, live_server, "run-events", world.s1.completed.pk)
    time = owner.locator("time[data-relative]").first
    expect(time).to_have_text("just now")

    owner.clock.run_for(5 * 60_000 + 31_000)

    expect(time).to_have_text(re.compile(r"^5.min ago$"))


def test_signed_out_browser_is_led_to_the_sign_in_by_the_next_request(owner: Page, live_server: Any, world: World) -> None:
    _go(owner, live_server, "output", world.s1.output.pk)
    owner.context.clear_cookies(name="sessionid")

    owner.get_by_role("button", name=re.compile("Show the text.*answer", re.I)).first.click()

    owner.wait_for_url(re.compile(reverse("account_login")))


def test_pages_work_without_a_script(world: World, live_server: Any, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": world.sessions[Who.OWNER], "domain": "localhost", "path": "/"}])
    page = context.new_page()
    page.goto(live_server.url + reverse("output", args=[world.s1.output.pk]))

    page.get_by_role("button", name=re.compile("Show the text.*answer", re.I)).first.click()

    expect(page.get_by_text("Something about the answer.").first).to_be_visible()
    context.close()


def test_first_tab_stop_leads_past_the_rail(owner: Page, live_server: Any) -> None:
    _go(owner, live_server, "portfolio")

    owner.keyboard.press("Tab")
    expect(owner.get_by_role("link", name="Skip to content")).to_be_focused()
    owner.keyboard.press("Enter")

    expect(owner.locator("#main")).to_be_focused()


def test_button_of_long_work_says_so_and_sends_once(owner: Page, live_server: Any, world: World) -> None:
    _go(owner, live_server, "harm-import", world.s1.system.pk)
    button = owner.locator("button[data-busy]")
    owner.evaluate("window.sent = []; window.addEventListener('submit', (event) => { window.sent.push(!event.defaultPrevented); event.preventDefault(); })")

    button.click()
    button.click()

    assert owner.evaluate("window.sent") == [True, False]
    expect(button).to_have_text("Reading the file …")
    expect(button).to_have_attribute("aria-busy", "true")
    owner.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(button).to_have_text("Read the file")
    expect(button).not_to_have_attribute("aria-busy", "true")
