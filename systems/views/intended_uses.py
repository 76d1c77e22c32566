"""What a system is meant for."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from systems import actions, policies, selectors
from systems.forms import IntendedUseForm, initial_of_use
from systems.models import IntendedUse
from systems.views.scope import system_of


def _use(request: SignedInRequest, use_id: int) -> IntendedUse:
    return get_object_or_404(IntendedUse.objects.visible_to(request.user).select_related("system__scope", "created_by"), pk=use_id)


@require_safe
def intended_use_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    archived = request.GET.get("show") == "archived"
    context = {
        "system": system,
        "section": "uses",
        "uses": selectors.intended_uses_of(system, archived=archived),
        "archived": archived,
        "may_add": policies.may_act_in(request.user, system),
    }
    return render(request, "systems/intended_use_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def intended_use_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    policies.may_act_in(request.user, system).require()
    form = IntendedUseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_intended_use(system=system, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{added.code} {added.title} is on the list.")
            return redirect("intended-use-list", system.pk)
    context = {"form": form, "system": system, "section": "uses"}
    return render(request, "systems/intended_use_add.html", context, status=422 if form.errors else 200)


@require_safe
def intended_use(request: SignedInRequest, use_id: int) -> HttpResponse:
    shown = _use(request, use_id)
    context = {
        "use": shown,
        "system": shown.system,
        "section": "uses",
        "stakeholders": shown.stakeholders.filter(archived_at=None).order_by("reach", "number"),
        "may_change": policies.may_act_in(request.user, shown.system),
    }
    return render(request, "systems/intended_use.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def intended_use_edit(request: SignedInRequest, use_id: int) -> HttpResponse:
    shown = _use(request, use_id)
    policies.may_act_in(request.user, shown.system).require()
    form = IntendedUseForm(request.POST or None, initial=initial_of_use(shown))
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_intended_use(use_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{shown.code} kept.")
            return redirect("intended-use", shown.pk)
    context = {"form": form, "use": shown, "system": shown.system, "section": "uses"}
    return render(request, "systems/intended_use_edit.html", context, status=422 if form.errors else 200)


@require_POST
def intended_use_archive(request: SignedInRequest, use_id: int) -> HttpResponse:
    shown = _use(request, use_id)
    actions.archive_intended_use(use_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{shown.code} is archived. What refers to it stays.")
    return redirect("intended-use", shown.pk)


@require_POST
def intended_use_restore(request: SignedInRequest, use_id: int) -> HttpResponse:
    shown = _use(request, use_id)
    actions.restore_intended_use(use_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{shown.code} is on the list again.")
    return redirect("intended-use", shown.pk)
