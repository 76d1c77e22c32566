"""Known harms to consider: what the library offers to one system, and what was dismissed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from harms import actions, policies, selectors
from harms.filters import DismissalFilter
from harms.models import LibraryDismissal
from harms.views.addressed import system_of
from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.look.forms import reason_in
from raiportal.look.paging import changed_query, cursor_pager

DISMISSALS_A_PAGE = 50
EXPORTED = ("entry", "title", "model_name", "reason", "created_by", "created_at")
NEWEST = keyset.Sort("pk", descending=True)


@require_safe
def known_harm_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    offers = selectors.known_harms(system)
    titles = selectors.library_titles()
    filters = DismissalFilter(request.GET, selectors.dismissals_of(system), request=request)
    is_readable = filters.is_valid()
    page = keyset.page(filters.qs if is_readable else filters.queryset.none(), NEWEST, request.GET.get("cursor"), DISMISSALS_A_PAGE)
    context = {
        "system": system,
        "section": "harms",
        "offers": offers,
        "dismissed": [(dismissal, titles.get(dismissal.entry, dismissal.entry)) for dismissal in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": bool(request.GET.get("q")),
        "query": changed_query(request, cursor=None),
        "may_decide": policies.may_decide_offer(request.user, system),
    }
    return render(request, "harms/known_harm_list.html", context, status=200 if is_readable else 422)


@require_safe
def dismissal_export(request: SignedInRequest, system_id: int, format: str) -> HttpResponseBase:
    """What was dismissed and not taken back as a file, newest first."""
    system = system_of(request, system_id)
    found = DismissalFilter(request.GET, selectors.dismissals_of(system), request=request).required()
    titles = selectors.library_titles()
    rows = (
        {
            **{name: getattr(row, name) for name in ("entry", "model_name", "reason", "created_at")},
            "title": titles.get(row.entry, row.entry),
            "created_by": row.created_by.username,
        }
        for row in found.order_by("-pk")
    )
    return exports.download(f"dismissed-{system.slug}", format, EXPORTED, rows)


@require_POST
def known_harm_dismiss(request: SignedInRequest, system_id: int, slug: str) -> HttpResponse:
    system = system_of(request, system_id)
    named = request.POST.get("model_name", "")[:120]
    actions.dismiss_offer(system=system, slug=slug, model_name=named, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, "Dismissed. It stays below with your reason, and can be taken back.")
    return redirect("known-harm-list", system.pk)


@require_POST
def known_harm_take_back(request: SignedInRequest, dismissal_id: int) -> HttpResponse:
    dismissal = get_object_or_404(LibraryDismissal.objects.visible_to(request.user), pk=dismissal_id)
    actions.take_back_dismissal(dismissal_id=dismissal.pk, actor=request.user)
    messages.success(request, "It is offered again.")
    return redirect("known-harm-list", dismissal.system_id)
