"""Versions of a system's content filters."""

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
from systems import actions, filter_settings, policies, selectors
from systems.forms import FilterForm, initial_of_filters
from systems.models import FilterConfiguration
from systems.views.scope import system_of
from systems.views.versions import compared_with

VERSIONS_A_PAGE = 50


@require_safe
def filter_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    page = Paginator(selectors.filter_configurations_of(system), VERSIONS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "system": system,
        "section": "filters",
        "page": page,
        "pager": pager_of(page, request),
        "may_add": policies.may_act_in(request.user, system),
    }
    return render(request, "systems/filter_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def filter_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    """The next version, starting from the settings of the latest."""
    system = system_of(request, system_id)
    policies.may_act_in(request.user, system).require()
    latest = selectors.filter_configurations_of(system).first()
    form = FilterForm(request.POST or None, initial=initial_of_filters(latest) if latest else {})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            added = actions.add_filter_configuration(
                system=system, name=given["name"], provider=given["provider"], settings=form.settings, note=given["note"], actor=request.user
            )
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"Version {added.number} kept. To measure with it, make a configuration that names it.")
            return redirect("filter", added.pk)
    context = {"form": form, "system": system, "section": "filters", "latest": latest}
    return render(request, "systems/filter_add.html", context, status=422 if form.errors else 200)


@require_safe
def filter_version(request: SignedInRequest, filter_id: int) -> HttpResponse:
    """One version, beside the one before it or the one that `against` names."""
    known = FilterConfiguration.objects.visible_to(request.user).select_related("system__scope", "created_by")
    shown = get_object_or_404(known, pk=filter_id)
    versions = selectors.filter_configurations_of(shown.system)
    before = compared_with(versions, shown.number, request.GET.get("against"))
    context = {
        "filters": shown,
        "system": shown.system,
        "section": "filters",
        "lines": filter_settings.as_lines(shown.settings),
        "before": before,
        "before_lines": filter_settings.as_lines(before.settings) if before else "",
        "others": versions.exclude(pk=shown.pk).values_list("number", "name")[:VERSIONS_A_PAGE],
        "configurations": selectors.configurations_of(shown.system).filter(filters=shown)[:20],
        "may_add": policies.may_act_in(request.user, shown.system),
    }
    return render(request, "systems/filter.html", context)
