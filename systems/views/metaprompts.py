"""Wordings of a system's metaprompt."""

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
from systems.forms import MetapromptForm
from systems.models import MetapromptVersion
from systems.views.scope import system_of
from systems.views.versions import compared_with

VERSIONS_A_PAGE = 50


@require_safe
def metaprompt_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    page = Paginator(selectors.metaprompt_versions_of(system).defer("text"), VERSIONS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "system": system,
        "section": "metaprompts",
        "page": page,
        "pager": pager_of(page, request),
        "may_add": policies.may_add_metaprompt(request.user, system),
    }
    return render(request, "systems/metaprompt_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def metaprompt_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    """The next version, starting from the text of the latest."""
    system = system_of(request, system_id)
    policies.may_add_metaprompt(request.user, system).require()
    latest = selectors.latest_metaprompt(system)
    form = MetapromptForm(request.POST or None, initial={"text": latest.text if latest else ""})
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_metaprompt_version(system=system, **form.cleaned_data, actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"Version {added.number} kept. To measure it, make a configuration with it.")
            return redirect("metaprompt", added.pk)
    context = {"form": form, "system": system, "section": "metaprompts", "latest": latest}
    return render(request, "systems/metaprompt_add.html", context, status=422 if form.errors else 200)


@require_safe
def metaprompt(request: SignedInRequest, metaprompt_id: int) -> HttpResponse:
    """One version, beside the one before it or the one that `against` names."""
    shown = get_object_or_404(MetapromptVersion.objects.visible_to(request.user).select_related("system__scope", "created_by"), pk=metaprompt_id)
    versions = selectors.metaprompt_versions_of(shown.system)
    context = {
        "metaprompt": shown,
        "system": shown.system,
        "section": "metaprompts",
        "before": compared_with(versions, shown.number, request.GET.get("against")),
        "others": versions.exclude(pk=shown.pk).values_list("number", "note")[:VERSIONS_A_PAGE],
        "configurations": selectors.configurations_of(shown.system).filter(metaprompt=shown)[:20],
        "may_add": policies.may_add_metaprompt(request.user, shown.system),
    }
    return render(request, "systems/metaprompt.html", context)
