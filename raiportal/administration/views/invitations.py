"""Inviting people, and what an administrator does about somebody's way in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal import clocks
from raiportal.accounts import factors, invitations, policies, selectors, sign_ins
from raiportal.accounts.enums import Role
from raiportal.accounts.invitations import OfferedRole, Sent
from raiportal.accounts.models import Scope, User
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration.forms import InvitationForm
from raiportal.errors import Invalid
from raiportal.look.forms import ReasonForm, add_refusal
from raiportal.look.paging import pager_of

INVITATIONS_A_PAGE = 50


@require_safe
def invitation_list(request: SignedInRequest) -> HttpResponse:
    _require_any(request.user)
    page = Paginator(invitations.invitations_visible_to(request.user), INVITATIONS_A_PAGE).get_page(request.GET.get("page"))
    names = invitations.role_names_of(list(page))
    rows = [(each, names[each.pk], bool(policies.may_handle_invitation(request.user, each))) for each in page]
    context = {"rows": rows, "page": page, "pager": pager_of(page, request), "now": clocks.now(), "may_invite": policies.may_invite(request.user)}
    return render(request, "administration/invitation_list.html", context)


def _require_any(user: User) -> None:
    if not policies.may_read_everything(user):
        policies.may_invite(user).require()


@require_http_methods(["GET", "POST"])
@sensitive_variables("sent")
def invitation_add(request: SignedInRequest) -> HttpResponse:
    policies.may_invite(request.user).require()
    form = _form(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            sent = invitations.invite(name=given["name"], email=given["email"], offered=_offered(given), actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            return _show(request, sent)
    return render(request, "administration/invitation_add.html", {"form": form}, status=422 if form.errors else 200)


def _form(user: User, data: Any) -> InvitationForm:
    scopes: QuerySet[Scope] = selectors.scopes_where_may_give_roles(user)
    return InvitationForm(data, scopes=scopes, is_for_organisation=bool(policies.may_manage_people(user)))


def _offered(given: dict[str, Any]) -> list[OfferedRole]:
    offered = [OfferedRole(Role(role)) for role in given.get("organisation_roles", [])]
    for role in map(Role, given["system_roles"]):
        kinds = [kind.pk for kind in given["review_kinds"]] if role == Role.REVIEWER else [None]
        offered.extend(OfferedRole(role, given["system"], kind) for kind in kinds)
    return offered


def _show(request: SignedInRequest, sent: Sent) -> HttpResponse:
    """The page that shows a link this once."""
    return render(request, "administration/invitation_sent.html", {"sent": sent, "invitation": sent.invitation})


@require_POST
@sensitive_variables()
def invitation_resend(request: SignedInRequest, invitation_id: int) -> HttpResponse:
    found = get_object_or_404(invitations.invitations_visible_to(request.user), pk=invitation_id)
    return _show(request, invitations.resend(invitation_id=found.pk, actor=request.user))


@require_POST
def invitation_revoke(request: SignedInRequest, invitation_id: int) -> HttpResponse:
    found = get_object_or_404(invitations.invitations_visible_to(request.user), pk=invitation_id)
    invitations.revoke(invitation_id=found.pk, reason=_reason(request), actor=request.user)
    messages.success(request, f"The invitation of {found.name} is taken back.")
    return redirect("invitation-list")


@require_POST
@sensitive_variables()
def person_password_link(request: SignedInRequest, user_id: int) -> HttpResponse:
    person = _person(request, user_id)
    return _show(request, invitations.make_password_link(user_id=person.pk, reason=_reason(request), actor=request.user))


@require_POST
def person_factors_reset(request: SignedInRequest, user_id: int) -> HttpResponse:
    person = _person(request, user_id)
    factors.reset_factors(user_id=person.pk, reason=_reason(request), actor=request.user)
    messages.success(request, f"{person.name} has no second factor any more, and can set one up again.")
    return redirect("person", person.pk)


@require_POST
def person_sessions_end(request: SignedInRequest, user_id: int) -> HttpResponse:
    person = _person(request, user_id)
    count = sign_ins.end_other_sign_ins(user=person, kept_key=None, actor=request.user, reason=_reason(request))
    messages.success(request, f"{person.name} is signed out in {count} {'browser' if count == 1 else 'browsers'}.")
    return redirect("person", person.pk)


def _person(request: SignedInRequest, user_id: int) -> User:
    policies.may_manage_people(request.user).require()
    return get_object_or_404(selectors.people(), pk=user_id)


def _reason(request: SignedInRequest) -> str:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say why.", field="reason")
    reason: str = form.cleaned_data["reason"]
    return reason
