"""People and the roles that they hold for the organisation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts import actions, policies, selectors
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Membership, User
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration.forms import OrganisationRoleForm, PersonForm, ReasonForm
from raiportal.errors import Invalid
from raiportal.look.paging import pager_of

PEOPLE_A_PAGE = 50


@require_safe
def person_list(request: SignedInRequest) -> HttpResponse:
    policies.may_read_everything(request.user).require()
    page = Paginator(selectors.people(), PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request, "administration/person_list.html", {"page": page, "pager": pager_of(page, request), "may_manage": policies.may_manage_people(request.user)}
    )


@require_http_methods(["GET", "POST"])
def person_add(request: SignedInRequest) -> HttpResponse:
    policies.may_manage_people(request.user).require()
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            person = actions.add_user(username=given["username"], name=given["name"], email=given["email"], password=given["password"], actor=request.user)
        except Invalid as error:
            add_error(form, error)
        else:
            if given["role"]:
                actions.give_role(user=person, role=Role(given["role"]), actor=request.user)
            messages.success(request, f"{person.name} can sign in as {person.username}.")
            return redirect("person", person.pk)
    return render(request, "administration/person_add.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def person(request: SignedInRequest, user_id: int) -> HttpResponse:
    policies.may_read_everything(request.user).require()
    return _person_page(request, _somebody(user_id), OrganisationRoleForm())


def _somebody(user_id: int) -> User:
    return get_object_or_404(selectors.people(), pk=user_id)


def _person_page(request: SignedInRequest, shown: User, form: OrganisationRoleForm, *, status: int = 200) -> HttpResponse:
    context = {"person": shown, "form": form, "may_manage": policies.may_manage_people(request.user), "tokens": selectors.tokens_of(shown)}
    return render(request, "administration/person.html", context, status=status)


@require_POST
def role_give(request: SignedInRequest, user_id: int) -> HttpResponse:
    policies.may_manage_people(request.user).require()
    shown = _somebody(user_id)
    form = OrganisationRoleForm(request.POST)
    if not form.is_valid():
        return _person_page(request, shown, form, status=422)
    role = Role(form.cleaned_data["role"])
    actions.give_role(user=shown, role=role, actor=request.user)
    messages.success(request, f"{shown.name} is {role.label.lower()} now.")
    return redirect("person", shown.pk)


@require_POST
def role_take(request: SignedInRequest, membership_id: int) -> HttpResponse:
    policies.may_manage_people(request.user).require()
    membership = get_object_or_404(Membership.objects.select_related("user"), pk=membership_id, scope=None)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say why the role is taken away.", field="reason")
    actions.take_role(membership_id=membership.pk, reason=form.cleaned_data["reason"], actor=request.user)
    messages.success(request, f"{membership.user.name} is no longer {membership.get_role_display().lower()}.")
    return redirect("person", membership.user_id)


@require_POST
def person_set_active(request: SignedInRequest, user_id: int) -> HttpResponse:
    policies.may_manage_people(request.user).require()
    shown = _somebody(user_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say why.", field="reason")
    let_in = not shown.is_active
    actions.set_active(user_id=shown.pk, is_active=let_in, reason=form.cleaned_data["reason"], actor=request.user)
    messages.success(request, f"{shown.name} can sign in again." if let_in else f"{shown.name} is kept out from the next request on.")
    return redirect("person", shown.pk)


def add_error(form: Any, error: Invalid) -> None:
    """Put an action's refusal on the form, beside the field it names."""
    form.add_error(error.field if error.field in form.fields else None, error.detail)
