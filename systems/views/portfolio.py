"""The portfolio: every system that somebody may see, and where each stands."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from raiportal.accounts.requests import SignedInRequest
from raiportal.look.paging import pager_of
from systems import policies, selectors

SYSTEMS_A_PAGE = 50


@require_safe
def portfolio(request: SignedInRequest) -> HttpResponse:
    retired = request.GET.get("stage") == "retired"
    page = Paginator(selectors.portfolio(request.user, retired=retired), SYSTEMS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": selectors.portfolio_rows(list(page), request.user),
        "columns": selectors.columns(),
        "pager": pager_of(page, request),
        "total": page.paginator.count,
        "retired": retired,
        "may_add": policies.may_add_system(request.user),
    }
    return render(request, "systems/portfolio.html", context)
