"""What a browser has to complain about while a person uses the portal: script errors, policy violations, dialogs, requests to elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Dialog, Page

EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503)")  # how chromium says that a request was refused
NOTES_VIOLATIONS = (
    "window.violations = []; document.addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective + ' ' + event.blockedURI));"
)
LOOK = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  const needed = document.documentElement.scrollWidth;
  return [
    ...(window.violations || []).map(violation => `policy violated: ${violation}`),
    ...(needed > innerWidth ? [`scrolls sideways: ${needed} of ${innerWidth} px`] : []),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map(id => `id twice: ${id}`),
  ];
}"""  # what only shows once the page stands


@dataclass
class Complaints:
    """What one page said and asked for; `listed` says where and what, and is empty for a page that is in order."""

    listed: list[str] = field(default_factory=list)

    def listen(self, page: Any) -> None:
        """To a page of playwright, synchronous or not."""
        page.on("console", lambda message: self._said(message.type, message.text, page.url))
        page.on("pageerror", lambda error: self.add(page.url, f"script error: {error}"))
        page.on("request", lambda request: self._requested(request.url, page.url))

    def add(self, url: str, what: str) -> None:
        self.listed.append(f"{urlsplit(url).path}: {what}")

    def _said(self, kind: str, text: str, url: str) -> None:
        if kind in {"error", "warning"} and not EXPECTED.match(text):
            self.add(url, f"console {kind}: {text[:200]}")

    def _requested(self, asked: str, url: str) -> None:
        if urlsplit(asked).hostname not in {"localhost", "127.0.0.1"} and not asked.startswith(("data:", "about:")):
            self.add(url, f"request to {asked[:100]}")


class Watched:
    """A page under watch. `complaints` is empty for a page that is in order."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._heard = Complaints()
        self._heard.listen(page)
        page.add_init_script(NOTES_VIOLATIONS)
        page.on("dialog", self._asked)

    @property
    def complaints(self) -> list[str]:
        return self._heard.listed

    def look(self) -> None:
        """Note what only shows once the page stands: violations of the policy, sideways scrolling, ids that two elements have."""
        for what in self.page.evaluate(LOOK):
            self._heard.add(self.page.url, what)

    def _asked(self, dialog: Dialog) -> None:
        self._heard.add(self.page.url, f"dialog: {dialog.message}")
        dialog.dismiss()
