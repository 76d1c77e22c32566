"""The contact sheet shows every page there is."""

from __future__ import annotations

from tests.browser import screenshots
from tests.project.access import DOORS

NO_PICTURE = {
    "healthz",
    "readyz",
    "settings",
    "run-progress",
    "upload-rejected",
    "harm-upload-rejected",
    "harm-import-template",
    "api-schema",
    "ledger-verifier",
    "evidence-file",
    "report-file",
    "report-pdf",
    "evidence-object",
    "candidate-origin",
}  # answers to programs, files, redirects
ONLY_WITH_A_FACTOR = {
    *("mfa_authenticate", "mfa_deactivate_totp", "mfa_login_webauthn", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_remove_webauthn"),
    *("mfa_view_recovery_codes", "single-sign-on-back"),
}
NOT_IN_THE_SAMPLE = {  # nothing waits for confirmation there, and its scale never changed
    *("upload", "harm-upload", "scale-change", "scale-change-add"),
}


def test_every_page_is_photographed() -> None:
    pages = (
        {door.name for door in DOORS if door.method == "GET" and not door.is_api and not door.name.endswith("-export")}
        - NO_PICTURE
        - NOT_IN_THE_SAMPLE
        - ONLY_WITH_A_FACTOR
    )

    assert pages - set(screenshots.PAGES) - set(screenshots.SIGNED_OUT) == set()
