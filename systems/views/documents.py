"""Documents of models and deployments, and people's word that they read them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from systems import actions, policies, selectors
from systems.forms import DocumentForm, initial_of_document
from systems.models import Deployment, Document, ModelCard


def _document(request: SignedInRequest, document_id: int) -> Document:
    known = Document.objects.visible_to(request.user).select_related("model_card", "deployment__system__scope", "created_by")
    return get_object_or_404(known, pk=document_id)


@require_http_methods(["GET", "HEAD", "POST"])
def model_card_document_add(request: SignedInRequest, card_id: int) -> HttpResponse:
    return _add(request, get_object_or_404(ModelCard.objects.visible_to(request.user), pk=card_id), None)


@require_http_methods(["GET", "HEAD", "POST"])
def deployment_document_add(request: SignedInRequest, deployment_id: int) -> HttpResponse:
    known = Deployment.objects.visible_to(request.user).select_related("system__scope")
    return _add(request, None, get_object_or_404(known, pk=deployment_id))


def _add(request: SignedInRequest, card: ModelCard | None, deployment: Deployment | None) -> HttpResponse:
    policies.may_change_documents(request.user, deployment).require()
    form = DocumentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_document(model_card=card, deployment=deployment, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"“{added.title}” is there to be read.")
            return redirect("document", added.pk)
    system = deployment.system if deployment else None
    context = {"form": form, "card": card, "deployment": deployment, "system": system, "section": "deployments" if system else "settings"}
    return render(request, "systems/document_add.html", context, status=422 if form.errors else 200)


@require_safe
def document(request: SignedInRequest, document_id: int) -> HttpResponse:
    shown = _document(request, document_id)
    system = shown.deployment.system if shown.deployment else None
    context = {
        "document": shown,
        "reading": selectors.readings([shown], request.user)[0],
        "system": system,
        "section": "deployments" if system else "settings",
        "may_change": policies.may_change_documents(request.user, shown.deployment),
        "may_acknowledge": policies.may_acknowledge(request.user, shown),
    }
    return render(request, "systems/document.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def document_edit(request: SignedInRequest, document_id: int) -> HttpResponse:
    shown = _document(request, document_id)
    policies.may_change_documents(request.user, shown.deployment).require()
    form = DocumentForm(request.POST or None, initial=initial_of_document(shown))
    if request.method == "POST" and form.is_valid():
        before = shown.version
        try:
            changed = actions.edit_document(document_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Kept. Everybody is asked to read the new version." if changed.version != before else "Kept.")
            return redirect("document", shown.pk)
    system = shown.deployment.system if shown.deployment else None
    context = {"form": form, "document": shown, "system": system, "section": "deployments" if system else "settings"}
    return render(request, "systems/document_edit.html", context, status=422 if form.errors else 200)


@require_POST
def document_acknowledge(request: SignedInRequest, document_id: int) -> HttpResponse:
    """ "Read and understood", of the version that the page showed."""
    shown = _document(request, document_id)
    made = actions.acknowledge_document(document_id=shown.pk, version=request.POST.get("version", ""), actor=request.user)
    messages.success(request, f"On record: you read and understood version {made.version}.")
    return redirect("document", shown.pk)


@require_POST
def document_archive(request: SignedInRequest, document_id: int) -> HttpResponse:
    shown = _document(request, document_id)
    actions.archive_document(document_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"“{shown.title}” is archived. Nobody is asked to read it any more.")
    return redirect("document", shown.pk)


@require_POST
def document_restore(request: SignedInRequest, document_id: int) -> HttpResponse:
    shown = _document(request, document_id)
    actions.restore_document(document_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"“{shown.title}” is in use again.")
    return redirect("document", shown.pk)
