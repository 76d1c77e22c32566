"""Ways in for people without a session: invitations, links to a new password, single sign-on."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.account.views import LoginView
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts import invitations, single_sign_on
from raiportal.accounts.enums import InvitationKind
from raiportal.accounts.forms import AcceptanceForm, NewPasswordForm
from raiportal.accounts.models import Invitation
from raiportal.errors import Invalid, Missing
from raiportal.look.forms import add_refusal


class SignIn(LoginView):  # type: ignore[misc]
    """allauth's, with the organisation's own sign-in beside it where there is one."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "single_sign_on": settings.OIDC_NAME if settings.OIDC_ISSUER else ""}


@login_not_required
@sensitive_post_parameters()
@sensitive_variables("token")
@require_http_methods(["GET", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a link. Used, revoked, expired and unknown ones get the same answer."""
    if refused := ratelimit.consume_or_429(request, action="invitation", limit_get=True):
        return refused
    try:
        invitation = invitations.find_usable(token)
        return _accept(request, token, invitation)
    except Missing:
        return render(request, "administration/invitation_void.html", {"sentence": invitations.NOT_USABLE}, status=404)


def _accept(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    is_account = invitation.kind == InvitationKind.ACCOUNT
    form = AcceptanceForm(request.POST or None, initial={"name": invitation.name}) if is_account else NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _let_in(request, token, form.cleaned_data) if is_account else _set_password(request, token, form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
    template = "administration/invitation_accept.html" if is_account else "administration/invitation_password.html"
    return render(request, template, {"form": form, "invitation": invitation}, status=422 if form.errors else 200)


def _let_in(request: HttpRequest, token: str, given: dict[str, Any]) -> HttpResponse:
    user = invitations.accept(token=token, username=given["username"], name=given["name"], password=given["password"])
    if request.user.is_authenticated:
        logout(request)  # whoever was signed in in this browser isn't the one who was invited
    record_authentication(request, user, method="invitation")
    response: HttpResponse = perform_login(request, Login(user=user, redirect_url=None))
    return response


def _set_password(request: HttpRequest, token: str, given: dict[str, Any]) -> HttpResponse:
    invitations.set_password_by_link(token=token, password=given["password"])
    messages.success(request, "Your password is set. Sign in with it.")
    return redirect("account_login")


@login_not_required
@require_POST
def single_sign_on_start(request: HttpRequest) -> HttpResponse:
    _require_configured()
    if refused := ratelimit.consume_or_429(request, action="single_sign_on"):
        return refused
    onward = single_sign_on.start(request, get_next_redirect_url(request))
    # A form may lead to the portal alone (form-action of the policy), so the way to the provider is a page, not a redirect.
    return render(request, "administration/single_sign_on_onward.html", {"address": onward["Location"]}) if onward.status_code == 302 else onward


@login_not_required
@require_safe
def single_sign_on_back(request: HttpRequest) -> HttpResponse:
    _require_configured()
    return single_sign_on.finish(request)


def _require_configured() -> None:
    if not settings.OIDC_ISSUER:
        raise Http404
