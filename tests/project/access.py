"""Who may do what at every address: the one table from which the tests of access and `docs/permissions.md` are made.

Its lines are doors, see `tests.project.door`; they stand by area in `tests.project.doors`. An address or method that has no line fails the tests.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.project.door import Door
from tests.project.doors import (
    campaigns,
    catalogues,
    evidence,
    harms,
    measurements,
    notifications,
    portal,
    ratings,
    register,
    reports,
    settings,
    signoffs,
    systems,
)

DOORS: tuple[Door, ...] = (
    *(*portal.PORTAL, *portal.ACCOUNT, *settings.SETTINGS, *catalogues.CATALOGUES, *systems.SYSTEMS, *harms.HARMS, *harms.ASSESSMENTS),
    *(*campaigns.CAMPAIGNS, *campaigns.PROBES, *campaigns.FINDINGS, *campaigns.CAMPAIGNS_API),
    *(*notifications.NOTIFICATIONS, *notifications.NOTIFICATIONS_API),
    *(*evidence.EVIDENCE, *evidence.COMMENTS, *evidence.EVIDENCE_API, *evidence.COMMENTS_API),
    *(*register.DECISIONS, *register.DECISIONS_API),
    *(*reports.REPORTS, *reports.REPORTS_API),
    *(*ratings.RATINGS, *ratings.RATINGS_API),
    *(*signoffs.SIGN_OFFS, *signoffs.SIGN_OFFS_API),
    *(*measurements.SETS, *measurements.METRICS, *measurements.RUNS, *measurements.SCHEDULES),
    *(*systems.SYSTEMS_API, *harms.HARMS_API, *harms.ASSESSMENTS_API, *measurements.SETS_API, *measurements.RUNS_API, *measurements.SCHEDULES_API),
)

ASKING_FOR_PROOF = (
    *("mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_authenticate", "mfa_login_webauthn", "mfa_activate_totp", "mfa_deactivate_totp"),
    *("mfa_add_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
)

# Methods of an address that the table leaves to allauth, with what they need to be tried in a browser; see tests/security/test_sign_in.py.
LEFT_TO_THEIR_OWN_TESTS: Mapping[tuple[str, str], str] = {
    ("POST", "account_login"): "signing in",
    ("POST", "account_logout"): "signing out",
    ("POST", "account_signup"): "closed",
    ("POST", "account_reauthenticate"): "asks for one's own password",
    ("POST", "account_change_password"): "asks for one's own password",
    ("POST", "account_inactive"): "shows a page",
    ("POST", "account_reset_password"): "tells nobody anything",
    ("POST", "account_reset_password_from_key"): "needs a mailed link",
    ("POST", "account-details"): "asks for one's own password",
    ("POST", "invitation-add"): "each role that is offered is asked for by itself; see tests/accounts/test_invitations.py",
    ("POST", "invitation-accept"): "needs the link",
    ("POST", "rating-from-outside"): "needs the link; see tests/harms/test_outside_ratings.py",
    **{("POST", name): "asks for one's own password, code or passkey; see tests/accounts/test_factors.py" for name in ASKING_FOR_PROOF},
}
