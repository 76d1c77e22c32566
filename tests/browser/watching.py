"""What a browser has to complain about while a person uses the portal: script errors, policy violations, dialogs, requests to elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Dialog, Page, Request

EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503)")  # how chromium says that a request was refused
NOTES_VIOLATIONS = (
    "window.violations = []; document.addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective + ' ' + event.blockedURI));"
)


@dataclass
class Watched:
    """A page under watch. `complaints` says where and what, and is empty for a page that is in order."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(NOTES_VIOLATIONS)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._complain(f"script error: {error}"))
        self.page.on("dialog", self._asked)
        self.page.on("request", self._requested)

    def look(self) -> None:
        """Note what only shows once the page stands: violations of the policy, sideways scrolling, ids that two elements have."""
        for violation in self.page.evaluate("window.violations || []"):
            self._complain(f"policy violated: {violation}")
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        needed = self.page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            self._complain(f"scrolls sideways: {needed} of {width} px")
        twice = "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)"
        for name in self.page.evaluate(twice):
            self._complain(f"id twice: {name}")

    def _complain(self, what: str) -> None:
        self.complaints.append(f"{urlsplit(self.page.url).path}: {what}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED.match(message.text):
            self._complain(f"console {message.type}: {message.text[:200]}")

    def _asked(self, dialog: Dialog) -> None:
        self._complain(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host not in {"localhost", "127.0.0.1"} and not request.url.startswith(("data:", "about:")):
            self._complain(f"request to {request.url[:100]}")
