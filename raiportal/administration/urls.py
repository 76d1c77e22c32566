"""Addresses of the Settings pages and of signing in. Of allauth's views only those that the portal offers are reachable."""

from __future__ import annotations

from allauth.account import views as allauth_views
from django.urls import path
from django.views.decorators.http import require_http_methods

from raiportal.administration.views import doors, ledger, people, tokens

_form = require_http_methods(["GET", "HEAD", "POST"])  # allauth's own views take PUT for POST

urlpatterns = [
    path("account/login/", _form(allauth_views.login), name="account_login"),
    path("account/logout/", _form(allauth_views.logout), name="account_logout"),
    path("account/inactive/", _form(allauth_views.account_inactive), name="account_inactive"),
    path("account/signup/", _form(allauth_views.signup), name="account_signup"),
    path("account/reauthenticate/", _form(allauth_views.reauthenticate), name="account_reauthenticate"),
    path("account/password/change/", _form(allauth_views.password_change), name="account_change_password"),
    path("settings/", doors.settings_home, name="settings"),
    path("settings/people/", people.person_list, name="person-list"),
    path("settings/people/add/", people.person_add, name="person-add"),
    path("settings/people/<int:user_id>/", people.person, name="person"),
    path("settings/people/<int:user_id>/roles/give/", people.role_give, name="role-give"),
    path("settings/people/<int:user_id>/set-active/", people.person_set_active, name="person-set-active"),
    path("settings/roles/<int:membership_id>/take/", people.role_take, name="role-take"),
    path("settings/tokens/", tokens.token_list, name="token-list"),
    path("settings/tokens/add/", tokens.token_add, name="token-add"),
    path("settings/tokens/<int:token_id>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("settings/ledger/", ledger.entry_list, name="ledger"),
    path("history/<str:kind>/<int:pk>/", ledger.history, name="history"),
]
