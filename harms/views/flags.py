"""Entries of one register that don't agree with themselves, by rule."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from harms import selectors
from harms.views.addressed import system_of
from raiportal import clocks
from raiportal.accounts.requests import SignedInRequest

MOST_SHOWN = 100  # harms, worst first; the register's filter has all


@require_safe
def harm_flags(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    harms = list(selectors.breaking(system=system).order_by("-priority", "-pk")[: MOST_SHOWN + 1])
    said = selectors.flags_of_many(harms[:MOST_SHOWN], clocks.now())
    context = {
        "system": system,
        "section": "harms",
        "rules": selectors.counts_by_rule(system),
        "rows": [(harm, said[harm.pk]) for harm in harms[:MOST_SHOWN]],
        "has_more": len(harms) > MOST_SHOWN,
        "most": MOST_SHOWN,
    }
    return render(request, "harms/harm_flags.html", context)
