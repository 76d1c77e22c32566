"""API tokens: one's own, all of them for those who answer for access, and those of service accounts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from raiportal import clocks, exports, keyset
from raiportal.accounts import actions, policies, selectors
from raiportal.accounts.enums import Ability
from raiportal.accounts.models import ApiToken, User
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration.filters import TokenFilter, query_of
from raiportal.administration.forms import TokenForm
from raiportal.listing import order_of
from raiportal.look.paging import cursor_pager

TOKENS_A_PAGE = 50


@require_safe
def token_list(request: SignedInRequest) -> HttpResponse:
    return render(request, "administration/token_list.html", _tokens(request, token_form(request.user)))


@require_POST
def token_add(request: SignedInRequest) -> HttpResponse:
    form = token_form(request.user, request.POST)
    if not form.is_valid():
        return render(request, "administration/token_list.html", _tokens(request, form), status=422)
    key = made_by(form, request.user, request.user)
    return render(request, "administration/token_list.html", {**_tokens(request, token_form(request.user)), "key": key})


@require_POST
def token_revoke(request: SignedInRequest, token_id: int) -> HttpResponse:
    visible = ApiToken.objects.all() if policies.may_manage_people(request.user) else ApiToken.objects.filter(user=request.user)
    token = get_object_or_404(visible.select_related("user"), pk=token_id)
    actions.revoke_token(token_id=token.pk, actor=request.user)
    messages.success(request, f"Token “{token.name}” is revoked.")
    if "all" in request.POST:
        return redirect("token-all")
    return redirect("token-list") if token.user_id == request.user.pk else redirect("person", token.user_id)


@require_safe
def token_all(request: SignedInRequest) -> HttpResponse:
    """Everybody's tokens, with whose they are and whether they work."""
    policies.may_read_everything(request.user).require()
    filters = _filters(request)
    status = 200 if filters.is_valid() else 422
    name, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.TOKEN_SORTS, selectors.NEWEST_TOKENS)
    found = filters.qs if status == 200 else ApiToken.objects.none()
    page = keyset.page(found, sort, request.GET.get("cursor"), TOKENS_A_PAGE)
    context = {
        "tokens": page.rows,
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "sort": name,
        "export_query": query_of(request),
        "may_manage": policies.may_manage_people(request.user),
        "now": clocks.now(),
    }
    return render(request, "administration/token_all.html", context, status=status)


@require_safe
def token_export(request: SignedInRequest, format: str) -> StreamingHttpResponse:
    """The filtered tokens as a file. Neither keys nor their hashes are in it."""
    policies.may_read_everything(request.user).require()
    order = order_of(request, selectors.TOKEN_SORTS, selectors.NEWEST_TOKENS)
    return exports.download("api-tokens", format, selectors.EXPORTED_OF_TOKENS, selectors.exported_tokens(_filters(request).required().order_by(*order)))


def token_form(owner: User, data: Any = None) -> TokenForm:
    """The form for a token of `owner`, limited at most to the systems that they see."""
    return TokenForm(data, scopes=selectors.scopes_visible_to(owner))


def made_by(form: TokenForm, owner: User, actor: User) -> str:
    """The key of the token that a valid form asks for."""
    given = form.cleaned_data
    expires_at = form.expires_at(clocks.now())
    _, key = actions.make_token(owner=owner, name=given["name"], ability=Ability(given["ability"]), scopes=given["scopes"], expires_at=expires_at, actor=actor)
    return key


def _filters(request: SignedInRequest) -> TokenFilter:
    return TokenFilter(request.GET, queryset=selectors.all_tokens())


def _tokens(request: SignedInRequest, form: TokenForm) -> dict[str, Any]:
    return {"tokens": selectors.tokens_of(request.user), "form": form, "now": clocks.now(), "may_see_all": policies.may_read_everything(request.user)}
