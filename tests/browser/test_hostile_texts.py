"""Texts that try to run something, in a real browser: nothing runs, nothing is asked of another host. SEC-20, SEC-22."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.visiting import open_browser, pages_for
from tests.browser.watching import Watched
from tests.project import world as worlds
from tests.project.door import Who
from tests.security.markup import hostile

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def opens(page: Page, url: str) -> bool:
    """Whether this is a page; a file is downloaded instead."""
    try:
        page.goto(url)
    except Error as error:
        if "Download is starting" not in str(error):
            raise
        return False
    return True


def test_nothing_that_people_or_models_write_runs(live_server: Any, browser: Browser) -> None:
    world = worlds.build(hostile)
    page = open_browser(browser, live_server.url, world.sessions[Who.OWNER])
    watched, shown = Watched(page), 0

    for address in pages_for(world, Who.OWNER):
        if address == reverse("style"):
            continue  # its examples lead nowhere
        if not opens(page, live_server.url + address):
            continue
        veils = page.get_by_role("button", name="Show the text")
        while waiting := veils.count():
            veils.first.click()
            expect(veils).not_to_have_count(waiting)
            shown += 1
        watched.look()
    page.context.close()

    assert shown >= 4  # prompt, answer, body of an output, and the sample of an upload
    assert not watched.complaints, "\n".join(watched.complaints)
