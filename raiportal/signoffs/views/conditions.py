"""Conditions of an approval: its owner says that one is met, its signer looks at it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.signoffs import actions
from raiportal.signoffs.forms import LookedAtForm, MetForm
from raiportal.signoffs.models import Condition


@require_POST
def condition_meet(request: SignedInRequest, condition_id: int) -> HttpResponse:
    condition = _found(request, condition_id)
    form = MetForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say how it was met, in at most 2,000 characters.", field="note")
    actions.meet_condition(condition_id=condition.pk, note=form.cleaned_data["note"], actor=request.user)
    messages.success(request, "Kept. Whoever set the condition is asked to confirm it.")
    return redirect("sign-off-request", condition.sign_off.request_id)


@require_POST
def condition_confirm(request: SignedInRequest, condition_id: int) -> HttpResponse:
    condition = _found(request, condition_id)
    form = LookedAtForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say whether the condition is met.", field="is_met")
    looked = actions.confirm_condition(condition_id=condition.pk, actor=request.user, **form.cleaned_data)
    messages.success(request, f"The condition is {looked.get_state_display().lower()}.")
    return redirect("sign-off-request", condition.sign_off.request_id)


def _found(request: SignedInRequest, condition_id: int) -> Condition:
    found: Condition = get_object_or_404(Condition.objects.visible_to(request.user).select_related("sign_off"), pk=condition_id)
    return found
