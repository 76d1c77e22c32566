"""Configurations: what runs measure."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal
from raiportal.look.paging import pager_of
from systems import actions, policies, selectors
from systems.enums import Provider, Target
from systems.forms import ConfigurationForm
from systems.models import AISystem, Configuration
from systems.views.scope import system_of

CONFIGURATIONS_A_PAGE = 50


@require_safe
def configuration_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    page = Paginator(selectors.configurations_of(system).defer("metaprompt__text"), CONFIGURATIONS_A_PAGE).get_page(request.GET.get("page"))
    active = selectors.environments_of(list(page))
    context = {
        "system": system,
        "section": "configurations",
        "rows": [(configuration, selectors.endpoint_still_matches(configuration), active.get(configuration.pk, [])) for configuration in page],
        "pager": pager_of(page, request),
        "may_add": policies.may_act_in(request.user, system),
        "has_deployment": selectors.deployments_of(system).exists(),
    }
    return render(request, "systems/configuration_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def configuration_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    return _add(request, system_of(request, system_id))


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_configuration_add(request: SignedInRequest) -> HttpResponse:
    return _add(request, None)


def _add(request: SignedInRequest, system: AISystem | None) -> HttpResponse:
    policies.may_configure(request.user, system).require()
    deployments = selectors.deployments_of(system).filter(is_active=True)
    metaprompts = selectors.metaprompt_versions_of(system).defer("text") if system else None
    newest = metaprompts.first() if metaprompts is not None else None
    start = {"deployment": request.GET.get("deployment"), "metaprompt": request.GET.get("metaprompt") or newest}
    filters = selectors.filter_configurations_of(system).defer("settings") if system else None
    start["filters"] = request.GET.get("filters")
    form = ConfigurationForm(request.POST or None, initial=start, deployments=deployments, metaprompts=metaprompts, filters=filters)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = actions.add_configuration(
                deployment=given["deployment"],
                metaprompt=given.get("metaprompt"),
                filters=given.get("filters"),
                parameters=form.parameters,
                note=given["note"],
                actor=request.user,
            )
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{made.code} is what runs can measure now.")
            return redirect("configuration", made.pk)
    context = {"form": form, "system": system, "section": "configurations" if system else "settings", "has_deployment": deployments.exists()}
    return render(request, "systems/configuration_add.html", context, status=422 if form.errors else 200)


@require_safe
def configuration(request: SignedInRequest, configuration_id: int) -> HttpResponse:
    known = Configuration.objects.visible_to(request.user).select_related("system__scope", "deployment", "metaprompt", "filters", "created_by")
    shown = get_object_or_404(known, pk=configuration_id)
    context = {
        "configuration": shown,
        "system": shown.system,
        "section": "configurations" if shown.system_id else "settings",
        "still_matches": selectors.endpoint_still_matches(shown),
        "provider": Provider(shown.snapshot["provider"]).label,
        "active": selectors.environments_of([shown]).get(shown.pk, []),
        "may_activate": policies.may_activate(request.user, shown.system) if shown.system else None,
        "is_application": shown.snapshot["target"] == Target.APPLICATION,
        "may_add": policies.may_add_configuration(request.user, shown.deployment),
    }
    return render(request, "systems/configuration.html", context)
