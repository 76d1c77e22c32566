"""What the organisation knows of the models that it uses."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from systems import actions, policies, selectors
from systems.enums import Capability, Modality
from systems.forms import ModelCardForm, initial_of_card
from systems.models import Deployment, ModelCard


def _card(request: SignedInRequest, card_id: int) -> ModelCard:
    return get_object_or_404(ModelCard.objects.visible_to(request.user).select_related("created_by"), pk=card_id)


@require_safe
def model_card_list(request: SignedInRequest) -> HttpResponse:
    archived = request.GET.get("show") == "archived"
    context = {
        "section": "settings",
        "cards": selectors.model_cards(request.user, archived=archived),
        "archived": archived,
        "may_change": policies.may_change_model_cards(request.user),
    }
    return render(request, "systems/model_card_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def model_card_add(request: SignedInRequest) -> HttpResponse:
    policies.may_change_model_cards(request.user).require()
    form = ModelCardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_model_card(actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"The card of {added} is there. Link it on its deployments.")
            return redirect("model-card", added.pk)
    return render(request, "systems/model_card_add.html", {"form": form, "section": "settings"}, status=422 if form.errors else 200)


@require_safe
def model_card(request: SignedInRequest, card_id: int) -> HttpResponse:
    shown = _card(request, card_id)
    context = {
        "card": shown,
        "section": "settings",
        "modalities": [Modality(value).label for value in shown.modalities],
        "capabilities": [Capability(value).label for value in shown.capabilities],
        "sources": shown.sources.splitlines(),
        "deployments": Deployment.objects.visible_to(request.user).filter(model_card=shown).select_related("system__scope").order_by("name", "pk"),
        "readings": selectors.readings(selectors.documents_of_card(shown), request.user),
        "may_change": policies.may_change_model_cards(request.user),
    }
    return render(request, "systems/model_card.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def model_card_edit(request: SignedInRequest, card_id: int) -> HttpResponse:
    shown = _card(request, card_id)
    policies.may_change_model_cards(request.user).require()
    form = ModelCardForm(request.POST or None, initial=initial_of_card(shown))
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_model_card(card_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Card kept.")
            return redirect("model-card", shown.pk)
    return render(request, "systems/model_card_edit.html", {"form": form, "card": shown, "section": "settings"}, status=422 if form.errors else 200)


@require_POST
def model_card_archive(request: SignedInRequest, card_id: int) -> HttpResponse:
    shown = _card(request, card_id)
    actions.archive_model_card(card_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"The card of {shown} is archived.")
    return redirect("model-card", shown.pk)


@require_POST
def model_card_restore(request: SignedInRequest, card_id: int) -> HttpResponse:
    shown = _card(request, card_id)
    actions.restore_model_card(card_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"The card of {shown} is in use again.")
    return redirect("model-card", shown.pk)
