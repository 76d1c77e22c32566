"""One's own API tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from raiportal import clocks
from raiportal.accounts import actions, policies, selectors
from raiportal.accounts.enums import Ability
from raiportal.accounts.models import ApiToken
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration.forms import TokenForm


@require_safe
def token_list(request: SignedInRequest) -> HttpResponse:
    return render(request, "administration/token_list.html", _tokens(request, _token_form(request)))


@require_POST
def token_add(request: SignedInRequest) -> HttpResponse:
    form = _token_form(request, request.POST)
    if not form.is_valid():
        return render(request, "administration/token_list.html", _tokens(request, form), status=422)
    given = form.cleaned_data
    _, key = actions.make_token(
        owner=request.user,
        name=given["name"],
        ability=Ability(given["ability"]),
        scopes=given["scopes"],
        expires_at=form.expires_at(clocks.now()),
        actor=request.user,
    )
    return render(request, "administration/token_list.html", {**_tokens(request, _token_form(request)), "key": key})


@require_POST
def token_revoke(request: SignedInRequest, token_id: int) -> HttpResponse:
    visible = ApiToken.objects.all() if policies.may_manage_people(request.user) else ApiToken.objects.filter(user=request.user)
    token = get_object_or_404(visible.select_related("user"), pk=token_id)
    actions.revoke_token(token_id=token.pk, actor=request.user)
    messages.success(request, f"Token “{token.name}” is revoked.")
    return redirect("token-list") if token.user_id == request.user.pk else redirect("person", token.user_id)


def _token_form(request: SignedInRequest, data: Any = None) -> TokenForm:
    return TokenForm(data, scopes=selectors.scopes_visible_to(request.user))


def _tokens(request: SignedInRequest, form: TokenForm) -> dict[str, Any]:
    return {"tokens": selectors.tokens_of(request.user), "form": form, "now": clocks.now()}
