"""How much risk of each kind is borne: for the organisation, and for one system instead of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from harms import actions, policies, selectors
from harms.models import HarmCategory
from harms.rating_forms import AppetiteForm
from harms.views.addressed import system_of
from raiportal.accounts import roles
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid, PolicyDenied
from raiportal.look.forms import add_refusal
from systems.models import AISystem

NO_REGISTER = "Only people who read a register can read what is borne of it."


@require_safe
def appetite(request: SignedInRequest) -> HttpResponse:
    scopes = roles.visible_scopes(request.user)
    if scopes == []:
        raise PolicyDenied(NO_REGISTER)
    context = {"rows": selectors.appetites(None, scopes), "system": None, "section": "register", "may_set": policies.may_set_appetite(request.user, None)}
    return render(request, "harms/appetite.html", context)


@require_safe
def system_appetite(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    context = {"rows": selectors.appetites(system), "system": system, "section": "harms", "may_set": policies.may_set_appetite(request.user, system)}
    return render(request, "harms/appetite.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def appetite_set(request: SignedInRequest, slug: str) -> HttpResponse:
    return _set(request, None, slug)


@require_http_methods(["GET", "HEAD", "POST"])
def system_appetite_set(request: SignedInRequest, system_id: int, slug: str) -> HttpResponse:
    return _set(request, system_of(request, system_id), slug)


def _set(request: SignedInRequest, system: AISystem | None, slug: str) -> HttpResponse:
    policies.may_set_appetite(request.user, system).require()
    category = get_object_or_404(HarmCategory, slug=slug)
    row = next(row for row in selectors.appetites(system) if row.category.pk == category.pk)
    form = AppetiteForm(request.POST or None, initial={"highest_score": row.own if system else row.default})
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_appetite(category=category, system=system, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"Appetite for {category.name.lower()} changed.")
            return redirect("system-appetite", system.pk) if system else redirect("appetite")
    context = {"form": form, "row": row, "system": system, "section": "harms" if system else "register"}
    return render(request, "harms/appetite_set.html", context, status=422 if form.errors else 200)
