"""`make screenshots`: every page of the running sample programme, both themes, wide and narrow, and a contact sheet over them.

Starts the portal as `make up` does, in a scratch folder, waits for the sample's run, and leaves the pictures in `screenshots/`.
"""

from __future__ import annotations

import html
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import FLAGS, executable

CHECKOUT = Path(__file__).resolve().parents[2]
PICTURES = CHECKOUT / "screenshots"
WIDTHS = (1440, 390)  # pixels
THEMES = ("light", "dark")
HEIGHT = 900
START_SECONDS = 180
RUN_SECONDS = 120
PAGES = {
    "portfolio": "/",
    "system-add": "/systems/add/",
    "system": "/systems/1/",
    "system-edit": "/systems/1/edit/",
    "system-people": "/systems/1/people/",
    "deployment-list": "/systems/1/deployments/",
    "deployment-add": "/systems/1/deployments/add/",
    "deployment": "/deployments/1/",
    "deployment-edit": "/deployments/1/edit/",
    "metaprompt-list": "/systems/1/metaprompts/",
    "metaprompt-add": "/systems/1/metaprompts/add/",
    "metaprompt": "/metaprompts/1/",
    "configuration-list": "/systems/1/configurations/",
    "configuration-add": "/systems/1/configurations/add/",
    "configuration": "/configurations/3/",
    "harm-list": "/systems/1/harms/",
    "harm-add": "/systems/1/harms/add/",
    "harm": "/harms/1/",
    "harm-edit": "/harms/1/edit/",
    "harm-assess": "/harms/1/assess/",
    "set-list": "/systems/1/sets/",
    "set-add": "/systems/1/sets/add/",
    "set": "/sets/1/",
    "set-edit": "/sets/1/edit/",
    "set-import": "/sets/1/import/",
    "set-version": "/set-versions/1/",
    "metric-list": "/systems/1/metrics/",
    "metric-add": "/systems/1/metrics/add/",
    "metric": "/metrics/1/",
    "metric-revise": "/metrics/1/revise/",
    "run-list": "/systems/1/runs/",
    "run-add": "/systems/1/runs/add/",
    "run": "/runs/1/",
    "run-configuration": "/runs/1/configuration/",
    "run-judgings": "/runs/1/judgings/",
    "run-events": "/runs/1/events/",
    "run-compare": "/systems/1/runs/compare/?first=1",
    "schedule-list": "/systems/1/schedules/",
    "schedule-add": "/systems/1/schedules/add/",
    "schedule": "/schedules/1/",
    "schedule-edit": "/schedules/1/edit/",
    "output-list": "/runs/1/outputs/",
    "output": "/outputs/1/",
    "history": "/history/measurements.run/1/",
    "person-list": "/settings/people/",
    "person-add": "/settings/people/add/",
    "person": "/settings/people/2/",
    "token-list": "/settings/tokens/",
    "ledger": "/settings/ledger/",
    "organisation-deployment-list": "/settings/deployments/",
    "organisation-deployment-add": "/settings/deployments/add/",
    "organisation-configuration-add": "/settings/deployments/configurations/add/",
    "account_change_password": "/account/password/change/",
    "account_reauthenticate": "/account/reauthenticate/",
    "account_logout": "/account/logout/",
    "api-docs": "/api/v1/docs/",
    "style": "/style/",
    "nothing-here": "/nowhere/",
}
SIGNED_OUT = {"account_login": "/account/login/", "account_inactive": "/account/inactive/", "account_signup": "/account/signup/"}


def main() -> int:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="raiportal-pictures-", dir="/var/tmp") as data, running_portal(Path(data)) as address:
        sign_ins = {entry["username"]: entry["password"] for entry in json.loads((Path(data) / "sign-ins.json").read_text())}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
            trouble = photograph(browser, address, sign_ins["admin"])
            browser.close()
    (PICTURES / "index.html").write_text(contact_sheet(), encoding="utf-8")
    sys.stdout.write(f"{len(PAGES) + len(SIGNED_OUT)} pages in {PICTURES / 'index.html'}\n" + "".join(f"{line}\n" for line in trouble))
    return 1 if trouble else 0


@contextmanager
def running_portal(data: Path) -> Iterator[str]:
    """The portal on a free port; its address once it is ready and the sample's run is done."""
    data.chmod(0o711)
    port = free_port()
    command = [sys.executable, str(CHECKOUT / "manage.py"), "up", "--port", str(port), "--data", str(data)]
    with (PICTURES / "up.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as process:
        try:
            wait_until_ready(port)
            time.sleep(1)
            yield f"http://localhost:{port}"
        finally:
            os.kill(process.pid, signal.SIGINT)
            process.wait(60)


def free_port() -> int:
    """A port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def wait_until_ready(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(f"the portal was not ready within {START_SECONDS} s; see {PICTURES / 'up.log'}")


def photograph(browser: Browser, address: str, password: str) -> list[str]:
    """Take all pictures. Returns what a person should look at: pages that did not load, or scroll sideways."""
    trouble: list[str] = []
    for theme in THEMES:
        page = browser.new_context(color_scheme=theme, viewport={"width": WIDTHS[0], "height": HEIGHT}).new_page()  # type: ignore[arg-type]
        trouble += take(page, address, SIGNED_OUT, theme)
        sign_in(page, address, password)
        wait_for_the_run(page, address)
        trouble += take(page, address, PAGES, theme)
    return trouble


def take(page: Page, address: str, pages: dict[str, str], theme: str) -> list[str]:
    """Pictures of these pages in both widths, and what is wrong with them."""
    trouble = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for name, path in pages.items():
            page.goto(address + path)
            page.screenshot(path=PICTURES / picture(name, theme, width), full_page=True)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                trouble.append(f"{name} scrolls sideways at {width} px, {theme}")
    return trouble


def sign_in(page: Page, address: str, password: str) -> None:
    page.goto(address + "/account/login/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Portfolio").wait_for()


def wait_for_the_run(page: Page, address: str) -> None:
    page.goto(address + PAGES["run"])
    page.get_by_text("Completed").first.wait_for(timeout=RUN_SECONDS * 1000)


def picture(name: str, theme: str, width: int) -> str:
    return f"{name}-{theme}-{width}.png"


def contact_sheet() -> str:
    rows = "".join(
        f"<h2>{html.escape(name)} <small>{html.escape(path)}</small></h2><p>"
        + "".join(
            f'<a href="{picture(name, theme, width)}"><img loading="lazy" src="{picture(name, theme, width)}" height="420"></a> '
            for theme in THEMES
            for width in WIDTHS
        )
        + "</p>"
        for name, path in {**SIGNED_OUT, **PAGES}.items()
    )
    head = '<meta charset="utf-8"><title>Every page</title>'
    return f'<!doctype html><html lang="en">{head}<body style="font-family:sans-serif;background:#888">{rows}</body></html>'


if __name__ == "__main__":
    raise SystemExit(main())
