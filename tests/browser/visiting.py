"""Pages that somebody may open, and opening them as that person."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page

from raiportal.look.examples.index import ADDRESSED
from tests.project.access import DOORS
from tests.project.door import READS_S1, Answer, Door, Who
from tests.project.world import World

NO_PAGES = {"run-progress"}  # a part of a page; files and answers to programs are told by their type
NOT_THERE_YET = {"mfa_view_recovery_codes", "mfa_deactivate_totp", "single-sign-on-back"}  # without a second factor or a provider; see test_sign_in.py
BEYOND_THE_TABLE = ("/nowhere/", "/systems/987654321/")  # the pages for addresses that lead nowhere


def pages_for(world: World, who: Who) -> list[str]:
    """Addresses of every page that this person may open, each on an object of S1, and the page of a live run."""
    doors = [door for door in DOORS if _is_page(door, who)]
    seen = (world.s1.planned, world.s1.running, world.s1.paused) if who in READS_S1 else ()
    runs = [reverse("run", args=[run.pk]) for run in seen]
    styles = [reverse("style-page", args=[slug]) for slug in ADDRESSED] if who is Who.ADMINISTRATOR else []
    return list(dict.fromkeys([*(address(door, world) for door in doors), *runs, *styles, *BEYOND_THE_TABLE]))


def _is_page(door: Door, who: Who) -> bool:
    opens = door.method == "GET" and not door.is_api and door.answer_to(who) is Answer.DONE
    return opens and door.name not in NO_PAGES | NOT_THERE_YET and not 300 <= door.success(who) < 400


def address(door: Door, world: World) -> str:
    asked = urlencode(dict(door.asked(world)))
    return reverse(door.name, kwargs=dict(door.at(world))) + (f"?{asked}" if asked else "")


def session_cookie(url: str, session: str) -> dict[str, str]:
    """For a browser's context: the session of somebody who signed in."""
    return {"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": str(urlsplit(url).hostname), "path": "/"}


def open_browser(browser: Browser, url: str, session: str | None, *, theme: str = "light", width: int = 1440) -> Page:
    """A page in a context of its own, with the session of somebody who signed in."""
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    if session:
        context.add_cookies([session_cookie(url, session)])  # type: ignore[list-item]
    return context.new_page()
