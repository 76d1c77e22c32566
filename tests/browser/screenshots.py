"""`make screenshots`: every page of the running sample programme, both themes, wide and narrow, and a contact sheet for each.

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
REFUSED = 400  # a page that answers with this or more is no picture of what it is for
BY_OTHERS = {  # pages that an administrator may not open, by who is photographed on them
    "risk-manager": ("rating-round-add", "raters-ask", "rater-invite", "consensus", "appetite-set", "system-appetite-set"),
    "red-teamer": ("session-add",),
}
LEADS_NOWHERE = "nothing-here"
RUN_SECONDS = 120
PAGES = {
    "account-details": "/account/details/",  # these first: the confirmed password holds for ten minutes
    "mfa_activate_totp": "/account/app/",
    "mfa_add_webauthn": "/account/passkeys/add/",
    "mfa_generate_recovery_codes": "/account/recovery-codes/new/",
    "mfa_index": "/account/",
    "portfolio": "/",
    "work": "/my-work/",
    "search": "/search/?q=dose",
    "system-add": "/systems/add/",
    "system": "/systems/1/",
    "system-edit": "/systems/1/edit/",
    "system-facts": "/systems/1/facts/",
    "intended-use-list": "/systems/1/uses/",
    "intended-use-add": "/systems/1/uses/add/",
    "intended-use": "/uses/1/",
    "intended-use-edit": "/uses/1/edit/",
    "evidence-list": "/evidence/of/harms.harm/1/",
    "evidence-add": "/evidence/of/harms.harm/1/add/",
    "comment-add": "/comments/of/harms.harm/1/add/",
    "comment": "/comments/1/",
    "comment-edit": "/comments/1/edit/",
    "stakeholder-list": "/systems/1/stakeholders/",
    "stakeholder-add": "/systems/1/stakeholders/add/",
    "stakeholder": "/stakeholders/1/",
    "stakeholder-edit": "/stakeholders/1/edit/",
    "rating-round-list": "/systems/1/rating-rounds/",
    "rating-round-add": "/systems/1/rating-rounds/add/",
    "rating-round": "/rating-rounds/1/",
    "rating": "/rating-rounds/2/rate/",
    "raters-ask": "/rating-rounds/2/ask/",
    "rater-invite": "/rating-rounds/2/invite/",
    "consensus": "/rated-harms/1/agree/",
    "appetite": "/appetite/",
    "appetite-set": "/appetite/confabulation/",
    "system-appetite": "/systems/1/appetite/",
    "system-appetite-set": "/systems/1/appetite/confabulation/",
    "scale-changes": "/systems/1/scales/",
    "filter-list": "/systems/1/filters/",
    "filter-add": "/systems/1/filters/add/",
    "filter": "/filters/2/",
    "activation-list": "/systems/1/active/",
    "activation-add": "/systems/1/active/add/",
    "emergency-add": "/systems/1/active/emergency/",
    "emergency": "/emergencies/1/",
    "model-card-list": "/settings/model-cards/",
    "model-card-add": "/settings/model-cards/add/",
    "model-card": "/settings/model-cards/1/",
    "model-card-edit": "/settings/model-cards/1/edit/",
    "model-card-document-add": "/settings/model-cards/1/documents/add/",
    "deployment-document-add": "/deployments/1/documents/add/",
    "document": "/documents/1/",
    "document-edit": "/documents/1/edit/",
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
    "harm-register": "/harms/",
    "harm-import": "/systems/1/harms/import/",
    "harm-library": "/systems/1/harms/library/",
    "harm-add": "/systems/1/harms/add/",
    "harm": "/harms/1/",
    "harm-line": "/harms/1/line/",
    "campaign-list": "/systems/1/campaigns/",
    "campaign-add": "/systems/1/campaigns/add/",
    "campaign": "/campaigns/1/",
    "campaign-edit": "/campaigns/1/edit/",
    "campaign-coverage": "/campaigns/1/coverage/",
    "session-list": "/campaigns/1/sessions/",
    "session-add": "/campaigns/1/sessions/add/",
    "transcript-add": "/campaigns/1/transcripts/add/",
    "probe-session": "/probe-sessions/1/",
    "finding-list": "/systems/1/findings/",
    "finding-add": "/probe-sessions/1/findings/add/",
    "finding": "/findings/1/",
    "harm-edit": "/harms/1/edit/",
    "harm-assess": "/harms/1/assess/",
    "harm-treatment": "/harms/1/treatment/",
    "harm-review": "/harms/1/review/",
    "harm-merge": "/harms/1/merge/",
    "harm-flags": "/systems/1/harms/flags/",
    "known-harm-list": "/systems/1/harms/known/",
    "baseline-list": "/systems/1/harms/baselines/",
    "baseline": "/harms/baselines/1/",
    "candidate-list": "/systems/1/harms/candidates/",
    "candidate-add": "/systems/1/harms/candidates/add/",
    "candidate": "/harms/candidates/1/",
    "assessment-list": "/systems/1/assessments/",
    "assessment": "/assessments/1/?section=2",
    "assessment-uses": "/assessments/1/uses/",
    "assessment-compare": "/assessments/1/compare/",
    "impact-add": "/assessments/1/impacts/add/",
    "impact-edit": "/impacts/1/edit/",
    "impact-propose": "/impacts/1/propose/",
    "sign-off-list": "/sign-offs/",
    "sign-off-request": "/sign-offs/1/",
    "stand-in-list": "/sign-offs/stand-ins/",
    "stand-in-add": "/sign-offs/stand-ins/new/",
    "set-list": "/systems/1/sets/",
    "set-add": "/systems/1/sets/add/",
    "set": "/sets/1/",
    "set-edit": "/sets/1/edit/",
    "set-import": "/sets/1/import/",
    "set-version": "/set-versions/1/",
    "set-version-stress": "/set-versions/1/stress/",
    "metric-list": "/systems/1/metrics/",
    "metric-add": "/systems/1/metrics/add/",
    "metric": "/metrics/1/",
    "metric-revise": "/metrics/1/revise/",
    "run-list": "/systems/1/runs/",
    "run-add": "/systems/1/runs/add/",
    "run": "/runs/1/",
    "run-configuration": "/runs/1/configuration/",
    "run-judgings": "/runs/1/judgings/",
    "run-stress": "/runs/2/stress/",
    "run-events": "/runs/1/events/",
    "run-compare": "/systems/1/runs/compare/?first=1",
    "schedule-list": "/systems/1/schedules/",
    "schedule-add": "/systems/1/schedules/add/",
    "schedule": "/schedules/1/",
    "schedule-edit": "/schedules/1/edit/",
    "output-list": "/runs/1/outputs/",
    "output": "/outputs/1/",
    "measured-risk": "/estimates/1/risk/",
    "history": "/history/measurements.run/1/",
    "person-list": "/settings/people/",
    "person-add": "/settings/people/add/",
    "person": "/settings/people/2/",
    "token-list": "/settings/tokens/",
    "token-all": "/settings/tokens/all/",
    "service-list": "/settings/services/",
    "service-add": "/settings/services/add/",
    "ledger": "/settings/ledger/",
    "ledger-entry": "/settings/ledger/1/",
    "ledger-proof": "/settings/ledger/proof/",
    "notification-list": "/notifications/",
    "report-list": "/reports/",
    "report": "/reports/1/",
    "report-compare": "/reports/1/compare/",
    "report-recipients": "/reports/1/recipients/",
    "report-send": "/reports/1/send/",
    "report-make": "/reports/make/harms.register/1/",
    "told-kinds": "/settings/told/",
    "webhook-list": "/settings/webhooks/",
    "webhook-add": "/settings/webhooks/add/",
    "webhook": "/settings/webhooks/1/",
    "webhook-edit": "/settings/webhooks/1/edit/",
    "delivery-list": "/settings/messages/",
    "delivery": "/settings/messages/1/",
    "status": "/settings/status/",
    "organisation-deployment-list": "/settings/deployments/",
    "organisation-deployment-add": "/settings/deployments/add/",
    "organisation-configuration-add": "/settings/deployments/configurations/add/",
    "catalogue-list": "/settings/catalogues/",
    "catalogue": "/settings/catalogues/practice/",
    "catalogue-entry-add": "/settings/catalogues/regulatory-clocks/add/",
    "catalogue-entry": "/settings/catalogues/entries/1/",
    "catalogue-entry-edit": "/settings/catalogues/entries/1/edit/",
    "account_change_password": "/account/password/change/",
    "invitation-list": "/settings/invitations/",
    "invitation-add": "/settings/invitations/add/",
    "account_reauthenticate": "/account/reauthenticate/",
    "account_logout": "/account/logout/",
    "api-docs": "/api/v1/docs/",
    "style": "/style/",
    "style-page": "/style/rates/",
    **{
        f"style-{slug}": f"/style/{slug}/"
        for slug in ("foundations", "marks", "layouts", "forms", "tables", "messages", "standings", "stories", "risks", "plain")
    },
    "nothing-here": "/nowhere/",
}
SIGNED_OUT = {
    "account_login": "/account/login/",
    "account_inactive": "/account/inactive/",
    "account_signup": "/account/signup/",
    "account_reset_password": "/account/password/forgotten/",
    "account_reset_password_done": "/account/password/forgotten/sent/",
    "account_reset_password_from_key": "/account/password/new/1-never-made/",
    "account_reset_password_from_key_done": "/account/password/new/done/",
    "invitation-accept": "/account/invitation/never-made/",
    "rating-from-outside": "/rate/never-made/",
}


def main() -> int:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="raiportal-pictures-", dir="/var/tmp") as data, running_portal(Path(data)) as address:
        sign_ins = {entry["username"]: entry["password"] for entry in json.loads((Path(data) / "sign-ins.json").read_text())}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
            trouble = photograph(browser, address, sign_ins)
            write_contact_sheets()
            photograph_sheets(browser)
            browser.close()
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


def photograph(browser: Browser, address: str, sign_ins: dict[str, str]) -> list[str]:
    """Take all pictures. Returns what a person should look at: pages that did not load, that refused, or scroll sideways."""
    of_others = {name: PAGES[name] for names in BY_OTHERS.values() for name in names}
    trouble: list[str] = []
    for theme in THEMES:
        page = _window(browser, theme)
        trouble += take(page, address, SIGNED_OUT, theme)
        sign_in(page, address, "admin", sign_ins["admin"])
        confirm_password(page, address, sign_ins["admin"])
        wait_for_the_run(page, address)
        trouble += take(page, address, {name: path for name, path in PAGES.items() if name not in of_others}, theme)
        for username, names in BY_OTHERS.items():
            page = _window(browser, theme)
            sign_in(page, address, username, sign_ins[username])
            trouble += take(page, address, {name: PAGES[name] for name in names}, theme)
    return trouble


def _window(browser: Browser, theme: str) -> Page:
    return browser.new_context(color_scheme=theme, viewport={"width": WIDTHS[0], "height": HEIGHT}).new_page()  # type: ignore[arg-type]


def take(page: Page, address: str, pages: dict[str, str], theme: str) -> list[str]:
    """Pictures of these pages in both widths, and what is wrong with them."""
    trouble = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for name, path in pages.items():
            answer = page.goto(address + path)
            page.screenshot(path=PICTURES / picture(name, theme, width), full_page=True)
            if name not in {LEADS_NOWHERE, *SIGNED_OUT} and (answer is None or answer.status >= REFUSED):
                trouble.append(f"{name} refused at {width} px, {theme}")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                trouble.append(f"{name} scrolls sideways at {width} px, {theme}")
    return trouble


def sign_in(page: Page, address: str, username: str, password: str) -> None:
    page.goto(address + "/account/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Portfolio").wait_for()


def confirm_password(page: Page, address: str, password: str) -> None:
    page.goto(address + "/account/reauthenticate/?next=/account/")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Your account").wait_for()


def wait_for_the_run(page: Page, address: str) -> None:
    page.goto(address + PAGES["run"])
    page.get_by_text("Completed").first.wait_for(timeout=RUN_SECONDS * 1000)


def picture(name: str, theme: str, width: int) -> str:
    return f"{name}-{theme}-{width}.png"


def write_contact_sheets() -> None:
    """A page of thumbnails for each theme and width, as HTML and as one picture, and an index of them."""
    sheets = [(theme, width) for theme in THEMES for width in WIDTHS]
    for theme, width in sheets:
        (PICTURES / f"sheet-{theme}-{width}.html").write_text(contact_sheet(theme, width), encoding="utf-8")
    links = "".join(f'<li><a href="sheet-{theme}-{width}.html">{theme}, {width} px</a></li>' for theme, width in sheets)
    (PICTURES / "index.html").write_text(f"{_head('Every page')}<h1>Every page</h1><ul>{links}</ul></html>", encoding="utf-8")


def photograph_sheets(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1600, "height": HEIGHT})
    for theme in THEMES:
        for width in WIDTHS:
            page.goto((PICTURES / f"sheet-{theme}-{width}.html").as_uri(), wait_until="load")
            page.screenshot(path=PICTURES / f"sheet-{theme}-{width}.png", full_page=True)
    page.close()


def contact_sheet(theme: str, width: int) -> str:
    """Thumbnails of every page in one theme and width; each opens its picture."""
    figures = "".join(
        f'<figure><a href="{picture(name, theme, width)}"><img src="{picture(name, theme, width)}" alt=""></a>'
        f"<figcaption><b>{html.escape(name)}</b> {html.escape(path)}</figcaption></figure>"
        for name, path in {**SIGNED_OUT, **PAGES}.items()
    )
    return f"{_head(f'{theme}, {width} px')}<h1>{theme}, {width} px</h1><main>{figures}</main></html>"


def _head(title: str) -> str:
    style = (
        "body{font:12px sans-serif;background:#777;color:#fff;margin:16px}main{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:12px}"
        "figure{margin:0}img{width:100%;height:300px;object-fit:cover;object-position:top;display:block}figcaption{padding:4px 0}a{color:#fff}"
    )
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title><style>{style}</style>'


if __name__ == "__main__":
    raise SystemExit(main())
