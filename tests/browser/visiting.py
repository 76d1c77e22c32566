"""Pages that somebody may open, and opening them as that person."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page

from tests.project.access import DOORS, Answer, Who
from tests.project.world import World

NO_PAGES = {"healthz", "readyz", "api-schema", "harm-export", "upload-rejected", "run-progress"}  # files and answers to programs
BEYOND_THE_TABLE = ("/nowhere/", "/systems/987654321/")  # the pages for addresses that lead nowhere


def pages_for(world: World, who: Who) -> list[str]:
    """Addresses of every page that this person may open, each on an object of S1, and the page of a live run."""
    doors = [door for door in DOORS if door.method == "GET" and not door.is_api and door.name not in NO_PAGES and door.answer_to(who) is Answer.DONE]
    addresses = [reverse(door.name, kwargs=dict(door.at(world))) for door in doors]
    runs = [reverse("run", args=[run.pk]) for run in (world.s1.planned, world.s1.running, world.s1.paused)]
    return [*addresses, *runs, *BEYOND_THE_TABLE]


def open_browser(browser: Browser, address: str, session: str | None, *, theme: str = "light", width: int = 1440) -> Page:
    """A page in a context of its own, with the session of somebody who signed in."""
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    if session:
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": str(urlsplit(address).hostname), "path": "/"}])
    return context.new_page()
