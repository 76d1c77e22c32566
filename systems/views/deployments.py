"""Endpoints of a system and of the organisation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal import htmx
from raiportal.accounts.policies import may_read_everything
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from systems import actions, policies, selectors
from systems.forms import DeploymentEditForm, DeploymentForm, settings_of
from systems.models import AISystem, Deployment
from systems.views.scope import system_of

CONFIGURATIONS_SHOWN = 20


def _deployment(request: SignedInRequest, deployment_id: int) -> Deployment:
    return get_object_or_404(Deployment.objects.visible_to(request.user).select_related("system__scope", "model_card", "created_by"), pk=deployment_id)


@require_safe
def deployment_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    return _list(request, system_of(request, system_id))


@require_safe
def organisation_deployment_list(request: SignedInRequest) -> HttpResponse:
    may_read_everything(request.user).require()
    return _list(request, None)


def _list(request: SignedInRequest, system: AISystem | None) -> HttpResponse:
    context = {
        "system": system,
        "section": "deployments" if system else "settings",
        "deployments": selectors.deployments_of(system),
        "may_add": policies.may_add_deployment(request.user, system),
        "shared": selectors.shared_deployments() if system else [],
        "may_open_shared": may_read_everything(request.user),
    }
    return render(request, "systems/deployment_list.html" if system else "systems/organisation_deployment_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def deployment_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    return _add(request, system_of(request, system_id))


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_deployment_add(request: SignedInRequest) -> HttpResponse:
    return _add(request, None)


def _add(request: SignedInRequest, system: AISystem | None) -> HttpResponse:
    policies.may_add_deployment(request.user, system).require()
    form = DeploymentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_deployment(system=system, **form.cleaned_data, actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            first = selectors.first_configuration(added)
            messages.success(request, f"Deployment {added.name} added. Its first configuration is {first.code}.")
            return redirect("deployment", added.pk)
    form.ask_for_key_again()
    context = {"form": form, "system": system, "section": "deployments" if system else "settings"}
    return render(request, "systems/deployment_add.html", context, status=422 if form.errors else 200)


@require_safe
def deployment(request: SignedInRequest, deployment_id: int) -> HttpResponse:
    return render(request, "systems/deployment.html", _page(request, _deployment(request, deployment_id)))


@require_POST
def deployment_test(request: SignedInRequest, deployment_id: int) -> HttpResponse:
    """One real call; what came back is shown where the button is."""
    shown = _deployment(request, deployment_id)
    result = actions.test_deployment(deployment_id=shown.pk, actor=request.user)
    return htmx.render(request, "systems/deployment.html", "systems/_deployment_test.html", {**_page(request, shown), "result": result})


def _page(request: SignedInRequest, shown: Deployment) -> dict[str, Any]:
    configurations = list(shown.configurations.select_related("metaprompt", "created_by").order_by("-pk")[:CONFIGURATIONS_SHOWN])
    for configuration in configurations:
        configuration.deployment = shown
    return {
        "deployment": shown,
        "system": shown.system,
        "section": "deployments" if shown.system_id else "settings",
        "configurations": [(configuration, selectors.endpoint_still_matches(configuration)) for configuration in configurations],
        "readings": selectors.readings(selectors.documents_of(shown), request.user),
        "panels": selectors.panels_of_deployment(shown, request.user),
        "may_change": policies.may_change_deployment(request.user, shown),
        "may_test": policies.may_test_deployment(request.user, shown),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def deployment_edit(request: SignedInRequest, deployment_id: int) -> HttpResponse:
    shown = _deployment(request, deployment_id)
    policies.may_change_deployment(request.user, shown).require()
    form = DeploymentEditForm(request.POST or None, initial=settings_of(shown), kept_key=bool(shown.api_key), hint=shown.api_key_hint)
    if request.method == "POST" and form.is_valid():
        before = selectors.newest_configuration_id(shown)
        try:
            changed = actions.edit_deployment(deployment_id=shown.pk, api_key=form.new_key, actor=request.user, **form.settings)
        except Invalid as error:
            add_refusal(form, error)
        else:
            newest = selectors.newest_matching_configuration(changed)
            made = newest is not None and before is not None and newest.pk > before
            messages.success(request, f"Deployment {changed.name} changed." + (f" Configuration {newest.code} was made for it." if made and newest else ""))
            return redirect("deployment", shown.pk)
    form.ask_for_key_again()
    context = {"form": form, "deployment": shown, "system": shown.system, "section": "deployments" if shown.system_id else "settings"}
    return render(request, "systems/deployment_edit.html", context, status=422 if form.errors else 200)


@require_POST
def deployment_switch_off(request: SignedInRequest, deployment_id: int) -> HttpResponse:
    shown = _deployment(request, deployment_id)
    actions.switch_off_deployment(deployment_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"Deployment {shown.name} is switched off. No new run can use it.")
    return redirect("deployment", shown.pk)


@require_POST
def deployment_switch_on(request: SignedInRequest, deployment_id: int) -> HttpResponse:
    shown = _deployment(request, deployment_id)
    actions.switch_on_deployment(deployment_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"Deployment {shown.name} is switched on.")
    return redirect("deployment", shown.pk)
