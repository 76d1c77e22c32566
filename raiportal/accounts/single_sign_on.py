"""Signing in with the organisation's identity provider: the way there and back, the account behind it, and its roles.

A person is known by issuer and subject, never by an e-mail address.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

import requests
import structlog
from allauth.account.internal.emailkit import valid_email_or_none
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from raiportal import clocks
from raiportal.accounts import actions, identity_provider, roles
from raiportal.accounts.actions.memberships import lock_administrators
from raiportal.accounts.enums import Role, Source
from raiportal.accounts.group_roles import Grant, grants, groups_in
from raiportal.accounts.identity_provider import CallbackView, NotTrusted, PortalProvider, ProviderAdapter
from raiportal.accounts.models import Membership, User, username_shape
from raiportal.audit import ledger
from raiportal.errors import Conflict, PolicyDenied

log = structlog.get_logger(__name__)

NO_ROLE = "You are known to {name}, but none of your groups has a role in this portal. Ask an administrator of the portal for one."
NO_ANSWER = "{name} doesn't answer as it should. Try again in a minute, or sign in with a password."
NOT_TRUSTED = "This sign-in was interrupted or came from elsewhere. Start it again from the sign-in page."
GROUPS_CHANGED = "Their groups at the identity provider don't bring it any more."
CANCELLED = "The sign-in at {name} was not finished."
TAKEN_MARK_BYTES = 2  # appended in hexadecimal to a sign-in name that somebody else has


# --- There and back ---
class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """What happens with somebody whom the provider has vouched for."""

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> PortalProvider:
        return identity_provider.provider(request)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False  # accounts are made by `let_in`, before allauth would ask

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        try:
            sociallogin.user = let_in(account=sociallogin.account, claims=sociallogin.claims)
        except PolicyDenied as error:
            raise ImmediateHttpResponse(refusal(request, error.detail, status=403)) from error
        sociallogin.token = None

    def on_authentication_error(
        self, request: HttpRequest, provider: PortalProvider, error: Any = None, exception: Exception | None = None, extra_context: Any = None
    ) -> None:
        log.warning("single_sign_on_failed", error=str(error), why=type(exception).__name__ if exception else "")
        if error == "cancelled":
            sentence = CANCELLED
        elif exception is None or isinstance(exception, NotTrusted):
            sentence = NOT_TRUSTED
        else:
            sentence = NO_ANSWER
        raise ImmediateHttpResponse(refusal(request, sentence.format(name=_title()), status=503 if sentence is NO_ANSWER else 403))


def start(request: HttpRequest, next_url: str | None) -> HttpResponse:
    """Send somebody to the provider, or say that it doesn't answer."""
    nonce = secrets.token_urlsafe(32)
    try:
        return identity_provider.provider(request).redirect(request, AuthProcess.LOGIN, next_url=next_url, auth_params={"nonce": nonce}, nonce=nonce)
    except (requests.RequestException, OAuth2Error) as error:
        log.warning("single_sign_on_failed", error="start", why=type(error).__name__)
        return refusal(request, NO_ANSWER.format(name=_title()), status=503)


def finish(request: HttpRequest) -> HttpResponse:
    """Let in whom the provider sends back."""
    try:
        response: HttpResponse = CallbackView.adapter_view(ProviderAdapter(request, identity_provider.provider(request).sub_id))(request)
    except (requests.RequestException, OAuth2Error, KeyError, TypeError, ValueError) as error:  # no answer, or none of the protocol's shape
        log.warning("single_sign_on_failed", error="finish", why=type(error).__name__)
        return refusal(request, NO_ANSWER.format(name=_title()), status=503)
    return response


def refusal(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    """The page that says why nobody was signed in."""
    return render(request, "administration/single_sign_on_refused.html", {"sentence": sentence}, status=status)


def _title() -> str:
    return settings.OIDC_NAME[:1].upper() + settings.OIDC_NAME[1:]


# --- The account behind it ---
def let_in(*, account: SocialAccount, claims: Mapping[str, Any]) -> User:
    """The user behind issuer and subject, with the roles of their groups as they are now; made at the first sign-in.

    `account` is allauth's row for the pair, saved or not. Raises PolicyDenied for somebody new whose groups bring no role.
    """
    granted = grants(groups_in(claims))
    try:
        return _let_in(account, claims, granted)
    except IntegrityError:
        # Another first sign-in was faster: of the same person, whose row is there now, or of somebody who got the same sign-in name.
        key = {"provider": account.provider, "uid": account.uid}
        return _let_in(SocialAccount.objects.filter(**key).first() or SocialAccount(**key), claims, granted)


@transaction.atomic
def _let_in(account: SocialAccount, claims: Mapping[str, Any], granted: frozenset[Grant]) -> User:
    if account.pk is None:
        if not granted:
            raise PolicyDenied(NO_ROLE.format(name=_title()))
        account.user = _make_user(claims)
        account.save(force_insert=True)
    may_end_administrator = Grant(Role.ADMINISTRATOR) not in granted and _administers(account.user_id)
    if may_end_administrator:
        lock_administrators()  # before the person: the order that it says
    user: User = User.objects.select_for_update().get(pk=account.user_id)
    _sync(user, granted, may_end_administrator=may_end_administrator)
    return user


def _administers(user_id: int) -> bool:
    return Membership.objects.filter(user=user_id, role=Role.ADMINISTRATOR, source=Source.SINGLE_SIGN_ON).exists()


def _make_user(claims: Mapping[str, Any]) -> User:
    user = User(username=_free_username(claims), name=str(claims.get("name") or claims.get("preferred_username") or claims["sub"])[:120])
    user.email = valid_email_or_none(str(claims.get("email") or "")) or ""
    user.set_unusable_password()
    user.full_clean(exclude=["password"], validate_unique=False)  # the database says so, also of a name taken a moment ago
    user.save(force_insert=True)
    ledger.record("accounts.user_added", subject=user, actor=user, username=user.username, kind=user.kind, source=Source.SINGLE_SIGN_ON)
    return user


def _free_username(claims: Mapping[str, Any]) -> str:
    """A sign-in name that nobody has, as close as may be to what the provider calls this person."""
    told = str(claims.get("preferred_username") or str(claims.get("email") or "").partition("@")[0] or claims["sub"]).partition("@")[0].lower()
    name = re.sub(r"[^a-z0-9._-]+", "-", told).strip("-._")[:50]
    try:
        username_shape(name)
    except ValidationError:
        name = f"person-{secrets.token_hex(TAKEN_MARK_BYTES)}"
    while User.objects.filter(username=name).exists():
        name = f"{name[:50]}-{secrets.token_hex(TAKEN_MARK_BYTES)}"
    return name


# --- Its roles ---
def _sync(user: User, granted: frozenset[Grant], *, may_end_administrator: bool) -> None:
    """Give and take roles so that those of this source are the granted ones. Roles given by hand stay as they are, until they end.

    An administrator's is taken under the administrators' lock alone: one that a sign-in at the same moment has brought stays until the next.
    """
    now = clocks.now()
    held = {Grant(Role(each.role), each.scope, each.review_kind_id): each for each in user.memberships.select_related("scope").order_by("pk")}
    in_force = {grant for grant, membership in held.items() if not membership.has_ended(now)}
    for grant in sorted(granted - in_force, key=str):
        actions.give_role(user=user, role=grant.role, scope=grant.scope, review_kind=grant.review_kind, source=Source.SINGLE_SIGN_ON, actor=User.system())
    for grant, membership in held.items():
        is_ours = membership.source == Source.SINGLE_SIGN_ON and grant not in granted
        if is_ours and (may_end_administrator or grant.role != Role.ADMINISTRATOR):
            _take(membership)
    roles.forget(user)


def _take(membership: Membership) -> None:
    """Take a role that no group brings any more; the last administrator keeps theirs, so that the portal stays in somebody's hands."""
    try:
        actions.take_role(membership_id=membership.pk, reason=GROUPS_CHANGED, actor=User.system())
    except Conflict as error:
        log.warning("single_sign_on_role_kept", user=membership.user_id, role=membership.role, why=error.code)
