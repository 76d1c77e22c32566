"""The groups of people whom a system touches."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from systems import actions, policies, selectors
from systems.forms import StakeholderForm
from systems.models import IntendedUse, Stakeholder
from systems.views.scope import system_of


def _stakeholder(request: SignedInRequest, stakeholder_id: int) -> Stakeholder:
    return get_object_or_404(Stakeholder.objects.visible_to(request.user).select_related("system__scope", "created_by"), pk=stakeholder_id)


@require_safe
def stakeholder_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    archived = request.GET.get("show") == "archived"
    context = {
        "system": system,
        "section": "stakeholders",
        "stakeholders": selectors.stakeholders_of(system, archived=archived),
        "archived": archived,
        "may_add": policies.may_act_in(request.user, system),
    }
    return render(request, "systems/stakeholder_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def stakeholder_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    policies.may_act_in(request.user, system).require()
    form = StakeholderForm(request.POST or None, uses=selectors.intended_uses_of(system), initial={"intended_uses": request.GET.getlist("use")})
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_stakeholder(system=system, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{added.code} {added.name} is on the list.")
            return redirect("stakeholder-list", system.pk)
    context = {"form": form, "system": system, "section": "stakeholders"}
    return render(request, "systems/stakeholder_add.html", context, status=422 if form.errors else 200)


@require_safe
def stakeholder(request: SignedInRequest, stakeholder_id: int) -> HttpResponse:
    shown = _stakeholder(request, stakeholder_id)
    context = {
        "stakeholder": shown,
        "system": shown.system,
        "section": "stakeholders",
        "uses": shown.intended_uses.order_by("-is_supported", "number"),
        "may_change": policies.may_act_in(request.user, shown.system),
    }
    return render(request, "systems/stakeholder.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def stakeholder_edit(request: SignedInRequest, stakeholder_id: int) -> HttpResponse:
    shown = _stakeholder(request, stakeholder_id)
    policies.may_act_in(request.user, shown.system).require()
    chosen = list(shown.intended_uses.all())
    start = {"name": shown.name, "reach": shown.reach, "description": shown.description, "intended_uses": chosen}
    uses = IntendedUse.objects.filter(pk__in=[*(use.pk for use in chosen), *selectors.intended_uses_of(shown.system).values_list("pk", flat=True)])
    form = StakeholderForm(request.POST or None, uses=uses.order_by("number"), initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_stakeholder(stakeholder_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{shown.code} kept.")
            return redirect("stakeholder", shown.pk)
    context = {"form": form, "stakeholder": shown, "system": shown.system, "section": "stakeholders"}
    return render(request, "systems/stakeholder_edit.html", context, status=422 if form.errors else 200)


@require_POST
def stakeholder_archive(request: SignedInRequest, stakeholder_id: int) -> HttpResponse:
    shown = _stakeholder(request, stakeholder_id)
    actions.archive_stakeholder(stakeholder_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{shown.code} is archived. What refers to it stays.")
    return redirect("stakeholder", shown.pk)


@require_POST
def stakeholder_restore(request: SignedInRequest, stakeholder_id: int) -> HttpResponse:
    shown = _stakeholder(request, stakeholder_id)
    actions.restore_stakeholder(stakeholder_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{shown.code} is on the list again.")
    return redirect("stakeholder", shown.pk)
