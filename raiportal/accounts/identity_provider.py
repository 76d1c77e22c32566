"""The organisation's identity provider (OpenID Connect): what is asked of it, and what is verified of its answers.

allauth runs the exchange: state, PKCE, the code for the tokens. What it leaves open is closed here: the ID token's signature is verified with the
provider's keys, its issuer is the configured one, its nonce is that of this sign-in.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]  # asymmetric: the client's secret signs nothing
CLOCK_LEEWAY_SECONDS = 60


class NotTrusted(OAuth2Error):
    """The answer doesn't belong to the question, or isn't the provider's."""


class ProviderAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The protocol, with what is verified on top."""

    expected_nonce = ""

    def get_provider(self) -> PortalProvider:
        return provider(self.request)

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return settings.PUBLIC_URL + reverse("single-sign-on-back")

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider says of itself. Raises OAuth2Error when it doesn't, or speaks for another issuer."""
        found: dict[str, Any] = _fetched(self, settings.OIDC_ISSUER + "/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER:
            raise OAuth2Error("the provider names another issuer")
        if missing := {"authorization_endpoint", "token_endpoint", "jwks_uri"} - found.keys():
            raise OAuth2Error(f"the provider doesn't name its {', '.join(sorted(missing))}")
        return found

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> SocialLogin:
        claims = self._verified(str(kwargs["response"].get("id_token", "")))
        if settings.OIDC_GROUPS_CLAIM not in claims and "userinfo_endpoint" in self.openid_config:
            more = self._fetch_user_info(token.token)
            if more.get("sub") != claims["sub"]:
                raise NotTrusted("the user information is somebody else's")
            claims = {**more, **claims}
        login = self.get_provider().sociallogin_from_response(request, {"id_token": claims})
        login.account.extra_data = {}  # nothing about the person is kept there
        login.claims = claims
        return login

    def _verified(self, id_token: str) -> dict[str, Any]:
        """The claims of an ID token whose signature, issuer, audience, times and nonce are right. Raises NotTrusted."""
        try:
            keys = jwt.PyJWKSet.from_dict(_fetched(self, self.openid_config["jwks_uri"])).keys
            kid = jwt.get_unverified_header(id_token).get("kid")
            key = next((key for key in keys if key.key_id == kid), keys[0] if kid is None and len(keys) == 1 else None)
            if key is None:
                raise NotTrusted("the ID token's key isn't the provider's")
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key=key,
                algorithms=SIGNATURES,
                issuer=self.openid_config["issuer"],
                audience=settings.OIDC_CLIENT_ID,
                leeway=CLOCK_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise NotTrusted(f"the ID token isn't valid: {type(error).__name__}") from error
        if not self.expected_nonce or not secrets.compare_digest(str(claims.get("nonce", "")), self.expected_nonce):
            raise NotTrusted("the ID token belongs to another sign-in")
        return claims


class PortalProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """The one provider, made from the environment."""

    oauth2_adapter_class = ProviderAdapter

    def get_scope(self) -> list[str]:
        return list(settings.OIDC_SCOPES)


class CallbackView(OAuth2CallbackView):  # type: ignore[misc]
    """Where the provider sends people back to: hands the nonce of their sign-in on."""

    def _get_state(self, request: HttpRequest, provider: PortalProvider) -> tuple[Any, Any]:
        state, response = super()._get_state(request, provider)
        if state:
            self.adapter.expected_nonce = str(state.get("nonce", ""))
        return state, response


def provider(request: HttpRequest) -> PortalProvider:
    """The configured provider, for one request."""
    # By the issuer's hash, people of one issuer can never be taken for those of another, should the setting change.
    mark = "sso-" + hashlib.sha256(settings.OIDC_ISSUER.encode()).hexdigest()[:32]
    app = SocialApp(
        provider="openid_connect",
        provider_id=mark,
        name=settings.OIDC_NAME,
        client_id=settings.OIDC_CLIENT_ID,
        secret=settings.OIDC_CLIENT_SECRET,
        settings={"server_url": settings.OIDC_ISSUER, "oauth_pkce_enabled": True},
    )
    return PortalProvider(request, app=app)


def _fetched(adapter: ProviderAdapter, address: str) -> dict[str, Any]:
    """A JSON object of the provider's, fetched once for each request of ours. Raises OAuth2Error or requests.RequestException."""
    kept: dict[str, dict[str, Any]] = adapter.__dict__.setdefault("_kept", {})
    if address not in kept:
        with get_adapter(adapter.request).get_requests_session() as session:
            response = session.get(address)
            response.raise_for_status()
            found = response.json()
        if not isinstance(found, dict):
            raise OAuth2Error("not a JSON object")
        kept[address] = found
    return kept[address]
