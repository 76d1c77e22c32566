"""Who has a role in a system."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.policies import may_give_role
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from systems import actions, selectors
from systems.forms import SystemRoleForm
from systems.views.scope import system_of


@require_http_methods(["GET", "HEAD", "POST"])
def system_people(request: SignedInRequest, system_id: int) -> HttpResponse:
    """The people with a role; a POST gives one."""
    shown = system_of(request, system_id)
    form = SystemRoleForm(request.POST or None)
    if request.method == "POST":
        may_give_role(request.user, Role.VIEWER, shown.pk).require()
        if form.is_valid():
            given = form.cleaned_data
            kind = given["review_kind"].slug if given["review_kind"] else None
            try:
                actions.give_system_role(system_id=shown.pk, user=given["user"], role=Role(given["role"]), until=form.end, review_kind=kind, actor=request.user)
            except Invalid as error:
                add_refusal(form, error)
            else:
                messages.success(request, f"{given['user'].name} is {Role(given['role']).label.lower()} of {shown.name}.")
                return redirect("system-people", shown.pk)
    context = {
        "system": shown,
        "section": "people",
        "people": selectors.people_in(shown),
        "form": form,
        "now": clocks.now(),
        "may_give": may_give_role(request.user, Role.VIEWER, shown.pk),
    }
    return render(request, "systems/system_people.html", context, status=422 if form.errors else 200)


@require_POST
def system_role_take(request: SignedInRequest, system_id: int, membership_id: int) -> HttpResponse:
    shown = system_of(request, system_id)
    membership = get_object_or_404(selectors.people_in(shown), pk=membership_id)
    actions.take_system_role(system_id=shown.pk, membership_id=membership.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{membership.user.name} is no longer {membership.get_role_display().lower()} of {shown.name}.")
    if membership.user_id == request.user.pk:
        return redirect("portfolio")  # whoever took their own role away may not see this page any more
    return redirect("system-people", shown.pk)
