"""Every page in chromium as everybody who may open it: accessible by WCAG 2.2 A and AA, in order for the browser, within its width, whole on paper."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.inspecting import Inspection, Visit
from tests.browser.visiting import pages_for
from tests.project import world as worlds
from tests.project.door import PERSONS, Who
from tests.project.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LEAST_PAGES = 60  # of the administrator: fewer would mean that the table of doors was misread


@pytest.fixture
def world(transactional_db: None) -> World:
    return worlds.build()


def _visits(world: World, who: Who) -> list[Visit]:
    return [Visit(who.value, world.sessions.get(who), address) for address in pages_for(world, who)]


def test_every_page_is_in_order_for_everybody(live_server: Any, world: World) -> None:
    inspection = Inspection(live_server.url, "light", 1440)

    inspection.run([visit for who in Who if who in PERSONS for visit in _visits(world, who)])

    assert not inspection.complaints, "\n".join(inspection.complaints)
    assert inspection.opened > LEAST_PAGES * 8
    assert LEAST_PAGES < inspection.checked < inspection.opened


def test_every_page_fits_a_phone_in_the_dark_and_paper(live_server: Any, world: World) -> None:
    inspection = Inspection(live_server.url, "dark", 390, prints=True)
    once = {visit.address: visit for who in reversed(Who) if who in PERSONS for visit in _visits(world, who)}  # by those who may do most

    inspection.run(list(once.values()))

    assert not inspection.complaints, "\n".join(inspection.complaints)
    assert inspection.opened > LEAST_PAGES
