"""How allauth behaves here: nobody signs up by themselves, links carry the portal's own address, tries are counted by account and browser."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from raiportal.accounts import devices, notices
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User

UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104  (nothing listens on it: requests without an address share one allowance)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The username or the password is wrong.",
        "too_many_login_attempts": "That was too often. Wait five minutes, then try again.",
        "incorrect_password": "This isn't your password.",
        "enter_current_password": "This isn't your present password.",
        "invalid_password_reset": "This link doesn't work any more. Ask for a new one.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return devices.address_of(request) or UNKNOWN_ADDRESS

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """On the portal's own address, whatever host the request names."""
        user, _, token = key.partition("-")
        return settings.PUBLIC_URL + reverse("account_reset_password_from_key", kwargs={"uidb36": user, "key": token})

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """No way of signing in is open to the account of a program, whatever password or address it was given."""
        if user.kind != UserKind.PERSON:
            return self.respond_user_inactive(request, user)  # type: ignore[no-any-return]
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        devices.remember(request, response, user)
        return response

    def send_notification_mail(self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None) -> None:
        """To the address that stands in the account: allauth's own table of addresses isn't used here."""
        notices.tell(user, template_prefix)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, str]]:
        words = {"reauthenticate": "Password", "mfa_reauthenticate": "Code of your app", "mfa_reauthenticate:webauthn": "Passkey"}
        return [{**way, "description": words[way["id"]]} for way in super().get_reauthentication_methods(user)]

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        username = devices.plain_username(str(credentials.get("username", "")))
        return f"{username}:{devices.known_for(request, username)}"
