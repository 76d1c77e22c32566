"""Starting the identity provider, and being a person at it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.fakes.identity_provider.serve import CLIENT_ID, CLIENT_SECRET

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Running:
    """A provider that answers. `settings` are those of the portal that uses it."""

    issuer: str
    process: subprocess.Popen[str]

    @property
    def settings(self) -> dict[str, object]:
        return {"OIDC_ISSUER": self.issuer, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET, "OIDC_NAME": "the company's sign-in"}

    def put(self, username: str, *groups: str, email: str = "") -> None:
        """Somebody with exactly these groups; the password is the name."""
        requests.post(self._at("/groups/"), json={"username": username, "groups": groups, "email": email}, timeout=10).raise_for_status()

    def authorize(self, username: str, address: str) -> str:
        """What a browser does there: sign in, open the address that the portal sent it to. Returns the address to which it is sent back."""
        with requests.Session() as browser:
            browser.post(self._at("/sign-in/"), {"username": username, "password": username}, timeout=10).raise_for_status()
            answer = browser.get(address, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, (answer.status_code, answer.text[:400])
        return answer.headers["Location"]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def _at(self, path: str) -> str:
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}{path}"


@contextmanager
def running(callback: str) -> Iterator[Running]:
    """A provider with the portal as its client, which may send people back to `callback`."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.fakes.identity_provider.serve", folder, callback]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            issuer = process.stdout.readline().strip()
            assert issuer, "the identity provider didn't start"
            provider = Running(issuer, process)
            try:
                yield provider
            finally:
                provider.stop()
