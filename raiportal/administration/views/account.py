"""One's own account: how one signs in, where one is signed in, second factors and passkeys."""

from __future__ import annotations

import json
from typing import Any

from allauth.account import views as account_views
from allauth.account.decorators import reauthentication_required
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import AddWebAuthnView, ReauthenticateWebAuthnView
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts import details, factors, sign_ins
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration.forms import DetailsForm
from raiportal.errors import Conflict, Invalid
from raiportal.look.forms import add_refusal

NO_PASSWORD = "You sign in without a password of the portal's own, so there is none to change."  # noqa: S105  (words)


@require_safe
def account(request: SignedInRequest) -> HttpResponse:
    held = list(factors.factors_of(request.user))
    context = {
        "app": next((factor for factor in held if factor.type == Authenticator.Type.TOTP), None),
        "passkeys": [factor for factor in held if factor.type == Authenticator.Type.WEBAUTHN],
        "codes_left": factors.codes_left(request.user),
        "sign_ins": list(sign_ins.live_sign_ins_of(request.user)),
        "session_key": request.session.session_key,
        "has_password": request.user.has_usable_password(),
        "has_single_sign_on": SocialAccount.objects.filter(user=request.user).exists(),
    }
    return render(request, "administration/account.html", context)


@require_http_methods(["GET", "POST"])
@reauthentication_required(app="allauth.mfa")
def account_details(request: SignedInRequest) -> HttpResponse:
    form = DetailsForm(request.POST or None, initial={"name": request.user.name, "email": request.user.email})
    if request.method == "POST" and form.is_valid():
        try:
            details.change_details(actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Name and e-mail are changed.")
            return redirect("mfa_index")
    return render(request, "administration/account_details.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def sign_in_end(request: SignedInRequest, sign_in_id: int) -> HttpResponse:
    sign_ins.end_sign_in(sign_in_id=sign_in_id, actor=request.user)
    messages.success(request, "That browser is signed out.")
    return redirect("mfa_index")


@require_POST
def sign_ins_end_others(request: SignedInRequest) -> HttpResponse:
    count = sign_ins.end_other_sign_ins(user=request.user, kept_key=request.session.session_key, actor=request.user)
    messages.success(request, f"Signed out in {count} other {'browser' if count == 1 else 'browsers'}.")
    return redirect("mfa_index")


def password_change(request: SignedInRequest) -> HttpResponse:
    """allauth's, for those who have a password."""
    if not request.user.has_usable_password():
        raise Conflict(NO_PASSWORD)
    return account_views.password_change(request)  # type: ignore[no-any-return]


class _WithOptions:
    """Puts what the browser's passkey dialogue needs into an attribute, since a strict policy has no place for data in a script element."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        data = context.get("js_data", {})
        options = data.get("creation_options") or data.get("request_options")
        return {**context, "options": json.dumps(options, cls=DjangoJSONEncoder)}


class PasskeyAdd(_WithOptions, AddWebAuthnView):  # type: ignore[misc]
    pass


class PasskeyConfirm(_WithOptions, ReauthenticateWebAuthnView):  # type: ignore[misc]
    pass


class SecondFactor(_WithOptions, AuthenticateView):  # type: ignore[misc]
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        factors.lock_person(self.stage.login.user)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response
