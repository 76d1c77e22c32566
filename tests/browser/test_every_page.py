"""Every page in chromium, both themes, wide and narrow: accessible by WCAG 2.2 A and AA, in order for the browser, within its width."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.visiting import open_browser, pages_for
from tests.browser.watching import Watched
from tests.project import world as worlds
from tests.project.access import Who

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}, "resultTypes": ["violations"]}
TRIALS = [(Who.ADMINISTRATOR, theme, width) for theme in ("light", "dark") for width in (1440, 390)]
OTHERS = [(who, "light", 1440) for who in (Who.OWNER, Who.VIEWER, Who.AUDITOR, Who.NOBODY, Who.ANONYMOUS)]


@pytest.mark.parametrize(("who", "theme", "width"), [*TRIALS, *OTHERS])
def test_every_page_is_accessible_and_in_order(live_server: Any, browser: Browser, who: Who, theme: str, width: int) -> None:
    world = worlds.build()
    page = open_browser(browser, live_server.url, world.sessions.get(who), theme=theme, width=width)
    watched, axe = Watched(page), Axe()

    for address in pages_for(world, who):
        page.goto(live_server.url + address)
        watched.look()
        found = axe.run(page, options=RULES).response["violations"]
        watched.complaints += [f"{address}: {entry['id']}: {_where(entry)}" for entry in found]
    page.context.close()

    assert not watched.complaints, "\n".join(watched.complaints)


def _where(entry: dict[str, Any]) -> str:
    return "; ".join(f"{node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()[:160]})" for node in entry["nodes"][:3])
