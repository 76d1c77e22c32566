"""Everything by keyboard: the way to a page's main act, dialogs that hold the focus and give it back, groups of choices, rows; and motion switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from raiportal.accounts.enums import Role
from tests.browser.visiting import open_browser, session_cookie
from tests.browser.watching import Watched
from tests.factories.accounts import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_STOPS = 200
FOCUS = """() => {
  const element = document.activeElement;
  const ownRing = element.type === 'date';  // chromium's picker inside it, which draws its own
  const ringed = ownRing || [element, element.closest('.choices label, .keys label')].some(each => each && getComputedStyle(each).outlineStyle !== 'none');
  const box = element.getBoundingClientRect();
  return { name: (element.getAttribute('aria-label') || element.textContent || element.name || element.localName).trim().slice(0, 60),
           isBody: element === document.body, isRinged: ringed, isInSight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
           isInMain: document.getElementById('main').contains(element) };
}"""


@pytest.fixture
def session(transactional_db: None) -> str:
    client = Client()
    client.force_login(make_user(Role.RISK_MANAGER))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def page(session: str, live_server: Any, browser: Browser) -> Iterator[Page]:
    """The browser of somebody who signed in; whatever it complains about fails the test."""
    opened = open_browser(browser, live_server.url, session)
    watched = Watched(opened)
    yield opened
    watched.look()
    opened.context.close()
    assert watched.complaints == []


def _open(page: Page, live_server: Any, slug: str) -> None:
    page.goto(live_server.url + reverse("style-page", args=[slug]))


def _focus(page: Page) -> dict[str, Any]:
    focus: dict[str, Any] = page.evaluate(FOCUS)
    return focus


def test_main_act_is_a_few_stops_from_the_start(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + reverse("portfolio"))

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past the rail
    page.keyboard.press("Tab")

    expect(page.get_by_role("main").get_by_role("link", name="Register a system").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(live_server.url + reverse("system-add"))


@pytest.mark.parametrize("slug", ["forms", "tables"])
def test_every_stop_can_be_seen(page: Page, live_server: Any, slug: str) -> None:
    _open(page, live_server, slug)
    stops = []

    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = _focus(page)
        if stop["isBody"]:
            break
        stops.append(stop)

    assert [stop["name"] for stop in stops if not stop["isRinged"] or not stop["isInSight"]] == []
    assert 20 < len(stops) < MOST_STOPS
    assert stops[0]["name"] == "Skip to content"
    assert [stop["isInMain"] for stop in stops] == sorted(stop["isInMain"] for stop in stops)  # the rail first, then the page


def test_dialog_takes_the_focus_holds_it_and_gives_it_back(page: Page, live_server: Any) -> None:
    _open(page, live_server, "forms")
    opener = page.get_by_role("button", name="Cancel the run").first
    dialog = page.get_by_role("dialog", name="Cancel run R-210")
    opener.focus()

    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_be_focused()
    for name in ("Keep it running", "Cancel the run", "Close"):
        page.keyboard.press("Tab")
        expect(dialog.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(dialog.get_by_role("button", name="Cancel the run")).to_be_focused()
    page.keyboard.press("Escape")

    expect(dialog).not_to_be_visible()
    expect(opener).to_be_focused()


def test_dialog_closes_by_the_button_that_keeps_things_as_they_are(page: Page, live_server: Any) -> None:
    _open(page, live_server, "forms")
    opener = page.get_by_role("button", name="Suspend", exact=True).first
    opener.click()
    expect(page.get_by_label("Until").first).to_be_focused()

    page.get_by_role("button", name="Keep access").click()

    expect(page.get_by_role("dialog", name="Suspend end user 7f3a")).not_to_be_visible()
    expect(opener).to_be_focused()


def test_dialog_opens_without_a_script(session: str, live_server: Any, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([session_cookie(live_server.url, session)])  # type: ignore[list-item]
    page = context.new_page()
    _open(page, live_server, "forms")

    page.get_by_role("button", name="Cancel the run").first.click()

    expect(page.get_by_role("dialog", name="Cancel run R-210").get_by_label("Reason")).to_be_visible()
    context.close()


def test_severity_is_chosen_by_arrows_and_by_digits_in_its_form_only(page: Page, live_server: Any) -> None:
    _open(page, live_server, "forms")
    keys = page.locator("[data-keys]")
    keys.get_by_role("radio", name="5").focus()

    page.keyboard.press("ArrowRight")
    expect(keys.get_by_role("radio", name="6")).to_be_checked()
    page.keyboard.press("2")
    expect(keys.get_by_role("radio", name="2")).to_be_checked()
    expect(keys.get_by_role("radio", name="2")).to_be_focused()
    page.locator("#fresh_title").focus()
    page.keyboard.press("7")

    expect(keys.get_by_role("radio", name="2")).to_be_checked()
    expect(page.locator("#fresh_title")).to_have_value("7")


def test_selected_rows_are_counted_and_let_go(page: Page, live_server: Any) -> None:
    _open(page, live_server, "tables")
    form = page.locator("form.selectable")
    bar = form.get_by_role("group", name="Act on the selected sets")
    expect(bar).to_contain_text("1 selected")

    form.get_by_role("checkbox", name="Select all").check()
    expect(bar).to_contain_text("2 selected")
    form.get_by_role("checkbox", name="Select pasted attacks").uncheck()
    expect(bar).to_contain_text("1 selected")
    bar.get_by_role("button", name="Clear").click()

    expect(bar).not_to_be_visible()
    expect(form.get_by_role("checkbox", name="Select discharge notes")).not_to_be_checked()


def test_clocks_go_on_while_the_page_is_open(page: Page, live_server: Any) -> None:
    page.clock.install()
    _open(page, live_server, "risks")
    clock = page.locator(".clock", has_text="Mitigate")
    expect(clock).to_contain_text("left")

    page.clock.run_for(12 * 60_000)

    expect(clock).to_contain_text("over")
    expect(clock).to_have_class("clock over")
    expect(clock.locator("use").first).to_have_attribute("href", re.compile("#fails$"))


def test_rail_of_a_phone_opens_and_closes_by_keyboard(session: str, live_server: Any, browser: Browser) -> None:
    page = open_browser(browser, live_server.url, session, width=390)
    _open(page, live_server, "marks")
    menu = page.get_by_role("button", name="Menu")
    menu.focus()

    page.keyboard.press("Enter")
    expect(page.locator("#rail")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("#rail")).not_to_be_visible()
    expect(menu).to_be_focused()
    page.context.close()


def test_nothing_moves_for_those_who_want_no_motion(session: str, live_server: Any, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1440, "height": 900})
    context.add_cookies([session_cookie(live_server.url, session)])  # type: ignore[list-item]
    page = context.new_page()
    for slug in ("forms", "rates", "messages"):
        _open(page, live_server, slug)

        longest = page.evaluate(
            """() => Math.max(...[...document.querySelectorAll('*')].flatMap(element => {
              const style = getComputedStyle(element);
              return [style.transitionDuration, style.animationDuration].flatMap(value => value.split(',').map(parseFloat));
            }))"""
        )

        assert longest <= 0.001  # seconds
        assert page.evaluate("document.getAnimations().filter(animation => animation.playState === 'running').length") == 0
    context.close()


def test_some_of_many_are_chosen_and_dropped_by_keyboard(page: Page, live_server: Any) -> None:
    _open(page, live_server, "forms")
    picker = page.locator("[data-picker]")
    narrow, count, chosen = picker.locator("[data-narrow]"), picker.locator("[data-count]"), picker.locator("[data-chosen] [data-name]")
    expect(chosen).to_have_text(["Kenya"])
    expect(picker.locator("[data-rows] label").first).to_have_text("Kenya")

    narrow.focus()
    page.keyboard.type("ire")
    expect(count).to_have_text("1 chosen, 1 of 12 shown")
    expect(picker.locator("[data-rows] label:visible")).to_have_text(["Ireland"])
    page.keyboard.press("Enter")
    expect(chosen).to_have_text(["Kenya", "Ireland"])
    expect(narrow).to_have_value("")

    page.keyboard.type("an")
    expect(count).to_have_text("2 chosen, 0 of 12 shown")  # words that begin so, not Japan
    page.keyboard.press("Escape")
    page.keyboard.type("g")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(chosen).to_have_text(["Kenya", "Germany", "Ireland"])
    page.keyboard.press("ArrowUp")
    expect(narrow).to_be_focused()

    page.get_by_role("button", name="Leave out Kenya").focus()
    page.keyboard.press("Enter")
    expect(chosen).to_have_text(["Germany", "Ireland"])
    expect(page.get_by_role("button", name="Leave out Germany")).to_be_focused()
