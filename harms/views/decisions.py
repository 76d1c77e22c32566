"""What people decide about one harm: its treatment, a review, resolving, reopening, merging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from harms import actions, policies
from harms.decision_forms import MergeForm, ReviewForm, TreatmentForm
from harms.models import Harm
from harms.views.addressed import harm_of
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in

TREATED = ("treatment", "treatment_words", "treatment_owner", "treatment_due_on")


@require_http_methods(["GET", "HEAD", "POST"])
def harm_treatment(request: SignedInRequest, harm_id: int) -> HttpResponse:
    shown = harm_of(request, harm_id)
    policies.may_edit_harm(request.user, shown).require()
    initial = {name.removeprefix("treatment_"): getattr(shown, name) for name in TREATED}
    form = TreatmentForm(request.POST or None, initial=initial)
    told = f"{shown.code}: the treatment is kept."
    return _answer(request, shown, form, "harms/harm_treatment.html", told, lambda given: actions.set_treatment(harm_id=shown.pk, actor=request.user, **given))


@require_http_methods(["GET", "HEAD", "POST"])
def harm_review(request: SignedInRequest, harm_id: int) -> HttpResponse:
    shown = harm_of(request, harm_id)
    policies.may_edit_harm(request.user, shown).require()
    form = ReviewForm(request.POST or None)
    told = f"{shown.code} was looked at again."
    return _answer(request, shown, form, "harms/harm_review.html", told, lambda given: actions.record_review(harm_id=shown.pk, actor=request.user, **given))


@require_http_methods(["GET", "HEAD", "POST"])
def harm_merge(request: SignedInRequest, harm_id: int) -> HttpResponse:
    shown = harm_of(request, harm_id)
    policies.may_edit_harm(request.user, shown).require()
    form = MergeForm(request.POST or None, harm=shown)

    def merge(given: dict[str, Any]) -> Harm:
        return actions.merge_harms(harm_id=shown.pk, into_id=given["into"].pk, reason=given["reason"], actor=request.user)

    return _answer(request, shown, form, "harms/harm_merge.html", f"{shown.code} was merged. What hung on it is here now.", merge)


@require_POST
def harm_resolve(request: SignedInRequest, harm_id: int) -> HttpResponse:
    resolved = actions.resolve_harm(harm_id=harm_of(request, harm_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{resolved.code} is resolved.")
    return redirect("harm", resolved.pk)


@require_POST
def harm_reopen(request: SignedInRequest, harm_id: int) -> HttpResponse:
    reopened = actions.reopen_harm(harm_id=harm_of(request, harm_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{reopened.code} is open again: {reopened.get_state_display().lower()}.")
    return redirect("harm", reopened.pk)


def _answer(request: SignedInRequest, shown: Harm, form: forms.Form, template: str, told: str, act: Callable[[dict[str, Any]], Harm]) -> HttpResponse:
    """The form, or once it is sent and stands, the page of the harm that the action left."""
    if request.method == "POST" and form.is_valid():
        try:
            left = act(form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, told)
            return redirect("harm", left.pk)
    context = {"form": form, "harm": shown, "system": shown.system, "section": "harms"}
    return render(request, template, context, status=422 if form.errors else 200)
