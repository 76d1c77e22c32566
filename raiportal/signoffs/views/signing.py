"""Asking for a sign-off, giving a verdict, taking a request or an approval back."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from raiportal import clocks
from raiportal.accounts.requests import SignedInRequest
from raiportal.audit.subjects import subject_kinds
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from raiportal.signoffs import actions, selectors
from raiportal.signoffs.forms import SignForm
from raiportal.signoffs.kinds import sign_off_kinds
from raiportal.signoffs.models import SignOffRequest
from raiportal.signoffs.views.requests import found_request, request_page, sign_form

LONGEST_MESSAGE = 2_000  # characters


@require_POST
def sign_off_ask(request: SignedInRequest, kind: str, subject_id: int) -> HttpResponse:
    """Freeze an object as it is and ask those who have to sign."""
    known = sign_off_kinds.get(kind)
    if known is None or subject_kinds[known.subject_kind].find(subject_id, request.user) is None:
        raise Http404
    asked = actions.request_sign_off(kind=known.slug, subject_id=subject_id, message=request.POST.get("message", "")[:LONGEST_MESSAGE], actor=request.user)
    messages.success(request, "Those who can sign are told.")
    return redirect("sign-off-request", asked.pk)


@require_POST
def sign_off_sign(request: SignedInRequest, request_id: int) -> HttpResponse:
    """Record a verdict; what is wrong with it is said on the form, with everything that was written."""
    asked = found_request(request, request_id)
    form = sign_form(request, asked, request.POST)
    if not selectors.ways_to_sign(request.user, asked, clocks.now()):
        return _refused_by_the_action(request, asked)
    if form.is_valid():
        try:
            _sign(request, asked, form)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Your verdict is recorded.")
            return redirect("sign-off-request", asked.pk)
    return request_page(request, asked, form, status=422)


def _sign(request: SignedInRequest, asked: SignOffRequest, form: SignForm) -> None:
    given = form.cleaned_data
    role, _, holder_id = given["way"].partition("@")
    stand_ins = selectors.stand_ins_of(request.user, clocks.now())
    holders = {str(person.pk): person for person in selectors.stood_in_for(stand_ins, asked.scope_id)}
    actions.sign(
        request_id=asked.pk,
        role=role,
        verdict=given["verdict"],
        reason=given["reason"],
        seen=given["seen"],
        valid_until=form.valid_until,
        conditions=form.conditions(),
        stand_in_for=holders.get(holder_id),
        actor=request.user,
    )


def _refused_by_the_action(request: SignedInRequest, asked: SignOffRequest) -> HttpResponse:
    """Somebody without a way to sign hears from the action why, and the refusal is recorded."""
    role, verdict, reason, seen = (request.POST.get(name, "") for name in ("way", "verdict", "reason", "seen"))
    actions.sign(request_id=asked.pk, role=role.partition("@")[0], verdict=verdict, reason=reason, seen=seen, actor=request.user)
    return redirect("sign-off-request", asked.pk)


@require_POST
def sign_off_withdraw(request: SignedInRequest, request_id: int) -> HttpResponse:
    asked = found_request(request, request_id)
    actions.withdraw(request_id=asked.pk, reason=reason_in(request.POST), actor=request.user)
    return redirect("sign-off-request", asked.pk)


@require_POST
def sign_off_revoke(request: SignedInRequest, request_id: int) -> HttpResponse:
    asked = found_request(request, request_id)
    actions.revoke(request_id=asked.pk, reason=reason_in(request.POST), actor=request.user)
    return redirect("sign-off-request", asked.pk)
