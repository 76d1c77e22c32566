"""Service accounts: what programs come as. They have roles as people have, and tokens that administrators make; they can't sign in."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts import actions, policies, selectors
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration.forms import ServiceAccountForm
from raiportal.administration.selectors import purposes_of
from raiportal.administration.views.people import person_page
from raiportal.administration.views.tokens import made_by, token_form
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal
from raiportal.look.paging import pager_of

SERVICES_A_PAGE = 50


@require_safe
def service_list(request: SignedInRequest) -> HttpResponse:
    policies.may_read_everything(request.user).require()
    page = Paginator(selectors.service_accounts(), SERVICES_A_PAGE).get_page(request.GET.get("page"))
    purposes = purposes_of([account.pk for account in page])
    context = {
        "rows": [(account, purposes.get(account.pk, "")) for account in page],
        "pager": pager_of(page, request),
        "may_manage": policies.may_manage_people(request.user),
    }
    return render(request, "administration/service_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def service_add(request: SignedInRequest) -> HttpResponse:
    policies.may_manage_people(request.user).require()
    form = ServiceAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_service_account(**form.cleaned_data, actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{added.name} is there. Next: give it a role, here or in a system, and make its token.")
            return redirect("person", added.pk)
    return render(request, "administration/service_add.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def service_token_add(request: SignedInRequest, user_id: int) -> HttpResponse:
    """Make a token of a service account, and show it once."""
    policies.may_manage_people(request.user).require()
    account = get_object_or_404(selectors.service_accounts(), pk=user_id)
    form = token_form(account, request.POST)
    if not form.is_valid():
        return person_page(request, account, tokens_form=form, status=422)
    return person_page(request, account, key=made_by(form, account, request.user))
