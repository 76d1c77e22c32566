"""The harm library beside a system's register."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from harms import actions, policies, selectors
from harms.forms import LibraryFilter
from harms.views.addressed import system_of
from raiportal.accounts.requests import SignedInRequest


@require_safe
def harm_library(request: SignedInRequest, system_id: int) -> HttpResponse:
    """Entries of the library, those that fit this system first; one click proposes the harm."""
    system = system_of(request, system_id)
    form = LibraryFilter(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    offers = selectors.offers(system, words=asked.get("q", ""), **{name: asked.get(name, "") for name in ("capability", "domain", "category")})
    context = {
        "system": system,
        "section": "harms",
        "form": form,
        "offers": offers,
        "fitting": sum(bool(offer.fits) for offer in offers),
        "may_propose": policies.may_propose_harm(request.user, system),
    }
    return render(request, "harms/harm_library.html", context, status=200 if form.is_valid() else 422)


@require_POST
def harm_library_propose(request: SignedInRequest, system_id: int, slug: str) -> HttpResponse:
    proposed = actions.propose_from_library(
        system=system_of(request, system_id), slug=slug, model_name=request.POST.get("model_name", "")[:120], actor=request.user
    )
    messages.success(request, f"{proposed.code} is on the register, taken from the library. Next: say how bad it is and how often it happens.")
    return redirect("harm", proposed.pk)
