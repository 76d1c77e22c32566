"""One system: its overview, its facts, the end of its life."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from systems import actions, policies, selectors
from systems.enums import Environment, Stage
from systems.forms import SystemForm, initial_of
from systems.views.scope import overview_of, system_of


@require_safe
def system(request: SignedInRequest, system_id: int) -> HttpResponse:
    shown = overview_of(request, system_id)
    by_stage = selectors.standings([shown], request.user)[shown.pk]
    context = {
        "system": shown,
        "section": "summary",
        "strip": selectors.strip_of(by_stage),
        "steps": selectors.next_steps(by_stage),
        "panels": selectors.panels_of(shown, request.user),
        "changes": selectors.changes_in(shown, request.user),
        "active": selectors.active_configurations([shown]).get(shown.pk, {}).get(Environment.PRODUCTION, []),
        "deployments": list(selectors.deployments_of(shown)[:3]),
        "may_edit": policies.may_edit_system(request.user, shown),
        "may_act": policies.may_act_in(request.user, shown),
        "may_read": policies.may_read(request.user, shown),
        "is_retired": shown.stage == Stage.RETIRED,
    }
    return render(request, "systems/system.html", context)


@require_safe
def system_facts(request: SignedInRequest, system_id: int) -> HttpResponse:
    """Every fact: what is said, what isn't yet, and which reviews will ask."""
    shown = system_of(request, system_id)
    facts = selectors.stated_facts(shown)
    context = {
        "system": shown,
        "section": "facts",
        "facts": facts,
        "lacking": [fact for fact in facts if not fact.said],
        "may_edit": policies.may_edit_system(request.user, shown),
    }
    return render(request, "systems/system_facts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def system_add(request: SignedInRequest) -> HttpResponse:
    policies.may_add_system(request.user).require()
    form = SystemForm(request.POST or None, initial={"owner": request.user})
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_system(**form.cleaned_data, actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{added.name} is registered. Next: add a deployment, and write down what can go wrong.")
            return redirect("system", added.pk)
    return _form(request, "systems/system_add.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def system_edit(request: SignedInRequest, system_id: int) -> HttpResponse:
    shown = system_of(request, system_id)
    policies.may_edit_system(request.user, shown).require()
    form = SystemForm(request.POST or None, initial=initial_of(shown))
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_system(system_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Facts kept.")
            return redirect("system", shown.pk)
    return _form(request, "systems/system_edit.html", {"form": form, "system": shown, "section": "summary"})


@require_POST
def system_retire(request: SignedInRequest, system_id: int) -> HttpResponse:
    shown = system_of(request, system_id)
    actions.retire_system(system_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{shown.name} is retired. Everything in it stays readable.")
    return redirect("system", shown.pk)


@require_POST
def system_bring_back(request: SignedInRequest, system_id: int) -> HttpResponse:
    shown = system_of(request, system_id)
    actions.bring_back_system(system_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{shown.name} is in work again, at planning.")
    return redirect("system", shown.pk)


def _form(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, context, status=422 if context["form"].errors else 200)
