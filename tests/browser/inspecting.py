"""Opens many pages as many people, several at a time in one browser, and says what is wrong with them.

Every page is opened by every person and watched. What is dear, axe, runs only on a page some part of whose markup (its elements and attributes, without
texts, addresses and repetitions) hasn't been checked in this theme and width before: a table of ten rows is as accessible as one of two.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright

from tests.browser.chromium import FLAGS, executable
from tests.browser.visiting import session_cookie
from tests.browser.watching import LOOK, NOTES_VIOLATIONS, Complaints

AT_A_TIME = 4  # pages open together: enough to keep two cores busy
PAPER = {"width": 718, "height": 1047}  # A4 less chromium's margins, in CSS pixels
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}
REGIONS = """() => {
  const told = new Set(['class', 'role', 'type', 'tabindex', 'hidden', 'disabled', 'scope', 'aria-current', 'aria-hidden', 'aria-sort', 'aria-invalid']);
  const sign = (element) => {
    const parts = [...new Set([...element.children].map(sign))];
    const attributes = [...element.attributes].map(({ name, value }) => told.has(name) ? `${name}=${value}` : value ? name : `${name}-empty`).sort();
    return `${element.localName}[${attributes}${element.textContent.trim() ? '' : ' no text'}](${parts})`;
  };
  const regions = [...document.body.children].map(sign);
  return [...regions, sign(document.head).replace(/link\\[[^\\]]*\\]\\(\\)/g, '')];
}"""
ON_PAPER = """() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].filter(element => element.checkVisibility());
  const cut = shown('.table-box').filter(box => box.scrollWidth > box.clientWidth + 1 || box.getBoundingClientRect().right > innerWidth + 1);
  const needed = document.documentElement.scrollWidth;
  return [
    ...shown('.rail, .topbar, .skip, .toasts, .pager, .bulk, .actions').map(element => `on paper there is ${element.className}`),
    ...cut.map(box => `a table is cut on paper: ${box.scrollWidth} of ${box.clientWidth} px`),
    ...(needed > innerWidth ? [`wider than paper: ${needed} of ${innerWidth} px`] : []),
    ...(getComputedStyle(document.documentElement).colorScheme.includes('light') ? [] : ['dark on paper']),
  ];
}"""


@dataclass(frozen=True)
class Visit:
    """One page, opened by one person; `session` None is nobody."""

    who: str
    session: str | None
    address: str


@dataclass
class Inspection:
    """Visits in one theme and width. `prints` also looks at each page on paper."""

    url: str
    theme: str
    width: int
    prints: bool = False
    opened: int = 0
    checked: int = 0
    complaints: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def run(self, visits: Sequence[Visit]) -> None:
        """All visits, in a thread of their own: playwright's synchronous calls keep the loop of this one."""
        errors: list[BaseException] = []

        def work() -> None:
            try:
                asyncio.run(self._all(visits))
            except BaseException as error:  # carried over to the thread that waits
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]

    async def _all(self, visits: Sequence[Visit]) -> None:
        people: dict[tuple[str, str | None], list[str]] = {}
        for visit in visits:
            people.setdefault((visit.who, visit.session), []).append(visit.address)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable(), args=FLAGS)
            places = asyncio.Semaphore(AT_A_TIME)
            await asyncio.gather(*(self._person(browser, places, *person, addresses) for person, addresses in people.items()))
            await browser.close()

    async def _person(self, browser: Browser, places: asyncio.Semaphore, who: str, session: str | None, addresses: Sequence[str]) -> None:
        """One person's pages, in two halves so that a lone visitor keeps both cores busy."""
        halves = [half for half in (addresses[::2], addresses[1::2]) if half]
        await asyncio.gather(*(self._pages(browser, places, who, session, half) for half in halves))

    async def _pages(self, browser: Browser, places: asyncio.Semaphore, who: str, session: str | None, addresses: Sequence[str]) -> None:
        async with places:
            context = await self._context(browser, session)
            page = await context.new_page()
            heard = Complaints()
            heard.listen(page)
            for address in addresses:
                await self._visit(page, heard, address)
            await context.close()
        self.complaints += [f"{who}, {self.theme} {self.width}: {line}" for line in heard.listed]

    async def _context(self, browser: Browser, session: str | None) -> BrowserContext:
        context = await browser.new_context(color_scheme=self.theme, viewport={"width": self.width, "height": 900})  # type: ignore[arg-type]
        await context.add_init_script(NOTES_VIOLATIONS)
        if session:
            await context.add_cookies([session_cookie(self.url, session)])  # type: ignore[list-item]
        return context

    async def _visit(self, page: Page, heard: Complaints, address: str) -> None:
        try:
            answer = await page.goto(self.url + address)
        except Error as error:
            if "Download is starting" in str(error):
                return  # a file
            raise
        if answer is None or "text/html" not in (answer.headers.get("content-type") or ""):
            return
        self.opened += 1
        if answer.status >= 500 or (answer.status >= 400 and "/nowhere/" not in address and "987654321" not in address):
            heard.add(page.url, f"answers {answer.status}")
        for what in await page.evaluate(LOOK):
            heard.add(page.url, what)
        if await self._is_new(page):
            await self._check(page, heard)
        if self.prints:
            await self._print(page, heard)

    async def _is_new(self, page: Page) -> bool:
        regions = set(await page.evaluate(REGIONS))
        is_new = not regions <= self._seen
        self._seen |= regions
        return is_new

    async def _check(self, page: Page, heard: Complaints) -> None:
        self.checked += 1
        found = await Axe().run(page, options=RULES)
        for entry in found.response["violations"]:
            heard.add(page.url, f"{entry['id']}: {_where(entry)}")

    async def _print(self, page: Page, heard: Complaints) -> None:
        await page.emulate_media(media="print")
        await page.set_viewport_size(PAPER)  # type: ignore[arg-type]
        for what in await page.evaluate(ON_PAPER):
            heard.add(page.url, what)
        await page.emulate_media(media="screen", color_scheme=self.theme)  # type: ignore[arg-type]
        await page.set_viewport_size({"width": self.width, "height": 900})


def _where(entry: dict[str, Any]) -> str:
    return "; ".join(f"{node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()[:160]})" for node in entry["nodes"][:3])
