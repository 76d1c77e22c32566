"""Addresses of the Settings pages and of signing in. Of allauth's views only those that the portal offers are reachable."""

from __future__ import annotations

from typing import Any

from allauth.account import views as allauth_views
from allauth.mfa.base import views as factor_views
from allauth.mfa.recovery_codes import views as code_views
from allauth.mfa.totp import views as app_views
from allauth.mfa.webauthn import views as passkey_views
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.urls import path, re_path, reverse_lazy
from django.views.decorators.http import require_http_methods

from raiportal.administration.views import account, catalogues, doors, entrance, invitations, ledger, people, services, tokens
from raiportal.administration.views.noting import factors_noted
from raiportal.administration.views.sizes import small


def _form(view: Any) -> Any:
    """A view of allauth's as the portal offers it: for the methods of a page with a form (its own take PUT for POST), and for small requests."""
    return require_http_methods(["GET", "HEAD", "POST"])(small(view))


def _whole(view: Any) -> Any:
    """Such a form whose change, and what the ledger says of it, are one transaction."""
    return _form(transaction.atomic(view))


def _factors(view: Any) -> Any:
    """Such a form that changes one's second factors and passkeys, or uses a recovery code up."""
    return _form(factors_noted(view))


urlpatterns = [
    path("account/", account.account, name="mfa_index"),  # the name to which allauth leads back after each change of a factor
    path("account/details/", account.account_details, name="account-details"),
    path("account/sessions/<int:sign_in_id>/end/", account.sign_in_end, name="sign-in-end"),
    path("account/sessions/end-others/", account.sign_ins_end_others, name="sign-ins-end-others"),
    path("account/login/", _form(entrance.SignIn.as_view()), name="account_login"),
    path("account/logout/", _whole(allauth_views.logout), name="account_logout"),
    path("account/inactive/", _form(allauth_views.account_inactive), name="account_inactive"),
    path("account/signup/", _form(allauth_views.signup), name="account_signup"),
    path("account/reauthenticate/", _form(allauth_views.reauthenticate), name="account_reauthenticate"),
    path("account/reauthenticate/code/", _factors(factor_views.reauthenticate), name="mfa_reauthenticate"),
    path("account/reauthenticate/passkey/", _form(account.PasskeyConfirm.as_view()), name="mfa_reauthenticate_webauthn"),
    path("account/password/change/", _whole(account.password_change), name="account_change_password"),
    path("account/password/forgotten/", _form(allauth_views.password_reset), name="account_reset_password"),
    path("account/password/forgotten/sent/", _form(allauth_views.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^account/password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[0-9A-Za-z-]{1,200})/$",
        _whole(allauth_views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("account/password/new/done/", _form(allauth_views.password_reset_from_key_done), name="account_reset_password_from_key_done"),
    path("account/second-factor/", _whole(account.SecondFactor.as_view()), name="mfa_authenticate"),
    path("account/app/", _factors(app_views.activate_totp), name="mfa_activate_totp"),
    path("account/app/remove/", _factors(app_views.deactivate_totp), name="mfa_deactivate_totp"),
    path("account/passkeys/sign-in/", _form(login_not_required(passkey_views.login_webauthn)), name="mfa_login_webauthn"),
    path("account/passkeys/add/", _factors(account.PasskeyAdd.as_view()), name="mfa_add_webauthn"),
    path(
        "account/passkeys/<int:pk>/remove/",
        _factors(passkey_views.RemoveWebAuthnView.as_view(success_url=reverse_lazy("mfa_index"))),
        name="mfa_remove_webauthn",
    ),
    path("account/recovery-codes/", _form(code_views.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("account/recovery-codes/new/", _factors(code_views.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("account/invitation/<str:token>/", small(entrance.invitation_accept), name="invitation-accept"),
    path("account/single-sign-on/", small(entrance.single_sign_on_start), name="single-sign-on"),
    path("account/single-sign-on/back/", entrance.single_sign_on_back, name="single-sign-on-back"),
    path("settings/", doors.settings_home, name="settings"),
    path("settings/people/", people.person_list, name="person-list"),
    path("settings/people/add/", people.person_add, name="person-add"),
    re_path(r"^settings/people/people\.(?P<format>csv|json)$", people.person_export, name="person-export"),
    path("settings/people/<int:user_id>/", people.person, name="person"),
    path("settings/people/<int:user_id>/roles/give/", people.role_give, name="role-give"),
    path("settings/people/<int:user_id>/set-active/", people.person_set_active, name="person-set-active"),
    path("settings/people/<int:user_id>/password-link/", invitations.person_password_link, name="person-password-link"),
    path("settings/people/<int:user_id>/factors/reset/", invitations.person_factors_reset, name="person-factors-reset"),
    path("settings/people/<int:user_id>/sessions/end/", invitations.person_sessions_end, name="person-sessions-end"),
    path("settings/invitations/", invitations.invitation_list, name="invitation-list"),
    path("settings/invitations/add/", invitations.invitation_add, name="invitation-add"),
    path("settings/invitations/<int:invitation_id>/resend/", invitations.invitation_resend, name="invitation-resend"),
    path("settings/invitations/<int:invitation_id>/revoke/", invitations.invitation_revoke, name="invitation-revoke"),
    path("settings/roles/<int:membership_id>/take/", people.role_take, name="role-take"),
    path("settings/tokens/", tokens.token_list, name="token-list"),
    path("settings/tokens/add/", tokens.token_add, name="token-add"),
    path("settings/tokens/all/", tokens.token_all, name="token-all"),
    re_path(r"^settings/tokens/all/tokens\.(?P<format>csv|json)$", tokens.token_export, name="token-export"),
    path("settings/services/", services.service_list, name="service-list"),
    path("settings/services/add/", services.service_add, name="service-add"),
    path("settings/services/<int:user_id>/tokens/add/", services.service_token_add, name="service-token-add"),
    path("settings/tokens/<int:token_id>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("settings/catalogues/", catalogues.catalogue_list, name="catalogue-list"),
    path("settings/catalogues/entries/<int:entry_id>/", catalogues.catalogue_entry, name="catalogue-entry"),
    path("settings/catalogues/entries/<int:entry_id>/edit/", catalogues.catalogue_entry_edit, name="catalogue-entry-edit"),
    path("settings/catalogues/entries/<int:entry_id>/end/", catalogues.catalogue_entry_end, name="catalogue-entry-end"),
    path("settings/catalogues/entries/<int:entry_id>/restore/", catalogues.catalogue_entry_restore, name="catalogue-entry-restore"),
    path("settings/catalogues/entries/<int:entry_id>/take-over/", catalogues.catalogue_entry_take_over, name="catalogue-entry-take-over"),
    path("settings/catalogues/<slug:slug>/", catalogues.catalogue, name="catalogue"),
    path("settings/catalogues/<slug:slug>/add/", catalogues.catalogue_entry_add, name="catalogue-entry-add"),
    re_path(r"^settings/catalogues/(?P<slug>[-\w]{1,60})/entries\.(?P<format>csv|json)$", catalogues.catalogue_export, name="catalogue-export"),
    path("settings/ledger/", ledger.entry_list, name="ledger"),
    path("settings/ledger/<int:entry_id>/", ledger.entry, name="ledger-entry"),
    path("settings/ledger/<int:entry_id>/erase/", ledger.entry_erase, name="ledger-entry-erase"),
    path("settings/ledger/export/", ledger.entry_export, name="ledger-export"),
    path("settings/ledger/proof/", ledger.ledger_proof, name="ledger-proof"),
    path("settings/ledger/file/", ledger.ledger_file, name="ledger-file"),
    path("settings/ledger/verify_ledger.py", ledger.ledger_verifier, name="ledger-verifier"),
    path("settings/people/<int:user_id>/erase/", ledger.person_erase, name="person-erase"),
    path("history/<str:kind>/<int:pk>/", ledger.history, name="history"),
]
