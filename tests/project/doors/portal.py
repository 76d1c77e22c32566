"""The doors of the portal itself and of signing in."""

from __future__ import annotations

from tests.project.door import EVERYBODY, PERSONS, SIGNED_IN, Who, a_change, a_page, by_pk

PORTAL = [
    a_page("Portal", "See that the process is alive", "healthz", EVERYBODY),
    a_page("Portal", "See whether a run could start", "readyz", EVERYBODY, status=503),
    a_page("Portal", "Look at the components", "style", SIGNED_IN),
    a_page("Portal", "Look at a page of components", "style-page", SIGNED_IN, at=lambda world: {"slug": "rates"}),
    a_page("Portal", "See the portfolio of the systems that one may see", "portfolio", SIGNED_IN),
    a_page("Portal", "See what waits for oneself", "work", SIGNED_IN),
    a_page("Portal", "Search what one may see", "search", SIGNED_IN, asked=lambda world: {"q": "something"}),
    a_page("Portal", "List what waits for oneself over the API", "api-work", SIGNED_IN),
    a_page("Portal", "Search over the API", "api-search", SIGNED_IN, asked=lambda world: {"q": "something"}),
    a_page("Portal", "Read what the API does", "api-docs", SIGNED_IN),
    a_page("Portal", "Get the API's description", "api-schema", SIGNED_IN),
]

ACCOUNT = [
    a_page("Account", "Open the sign-in", "account_login", PERSONS, others_status=302),
    a_page("Account", "Ask before signing out", "account_logout", PERSONS, status=302, others_status=200),
    a_page("Account", "Be told that an account is switched off", "account_inactive", PERSONS),
    a_page("Account", "Be told that nobody registers by themselves", "account_signup", PERSONS, others_status=302),
    a_page("Account", "Open the form that asks for the password again", "account_reauthenticate", SIGNED_IN),
    a_page("Account", "Open the form for a new password", "account_change_password", SIGNED_IN),
    a_page("Account", "See one's own account", "mfa_index", SIGNED_IN),
    a_page("Account", "Change one's name and address (asks for the password first)", "account-details", SIGNED_IN, status=302),
    a_page("Account", "Confirm with a code", "mfa_reauthenticate", SIGNED_IN, status=302),
    a_page("Account", "Confirm with a passkey", "mfa_reauthenticate_webauthn", SIGNED_IN, status=302),
    a_page("Account", "Say that one forgot the password", "account_reset_password", PERSONS),
    a_page("Account", "Be told to look into the mail", "account_reset_password_done", PERSONS),
    a_page("Account", "Open a mailed link", "account_reset_password_from_key", PERSONS, at=lambda world: {"uidb36": "1", "key": "never-made"}),
    a_page("Account", "Be told that the password is set", "account_reset_password_from_key_done", PERSONS),
    a_page("Account", "Be asked for a second factor, after the password", "mfa_authenticate", PERSONS, status=302),
    a_page("Account", "Ask to sign in with a passkey", "mfa_login_webauthn", PERSONS, status=302),
    a_page("Account", "Set up an authenticator app (asks for the password first)", "mfa_activate_totp", SIGNED_IN, status=302),
    a_page("Account", "Remove the app that one has (nobody here has one)", "mfa_deactivate_totp", SIGNED_IN, status=404),
    a_page("Account", "Add a passkey (asks for the password first)", "mfa_add_webauthn", SIGNED_IN, status=302),
    a_page(
        *("Account", "Remove a passkey (asks for the password first)", "mfa_remove_webauthn", SIGNED_IN),
        at=by_pk(lambda world: world.somebodys_factor),
        status=302,
    ),
    a_page("Account", "Read the recovery codes that one has (nobody here has any)", "mfa_view_recovery_codes", SIGNED_IN, status=404),
    a_page("Account", "Make new recovery codes (asks for the password first)", "mfa_generate_recovery_codes", SIGNED_IN, status=302),
    a_page("Account", "Open an invitation", "invitation-accept", PERSONS, at=lambda world: {"token": world.invitation_token}),
    a_change("Account", "Go to the organisation's single sign-on (there is none here)", "single-sign-on", PERSONS, "", status=404),
    a_page("Account", "Come back from single sign-on (there is none here)", "single-sign-on-back", PERSONS, status=404),
    a_change("Account", "Sign out everywhere else", "sign-ins-end-others", SIGNED_IN, "account_sign_in"),
    a_change(
        *("Account", "Sign out another browser of one's own (the owner's)", "sign-in-end", frozenset({Who.OWNER}), "account_sign_in"),
        knows=frozenset({Who.OWNER}),
        at=by_pk(lambda world: world.elsewhere[Who.OWNER], "sign_in_id"),
    ),
]
