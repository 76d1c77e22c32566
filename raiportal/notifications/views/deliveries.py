"""What was sent out of the portal, what waits, and what was given up."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.look.paging import changed_query, cursor_pager
from raiportal.notifications import actions, policies, selectors
from raiportal.notifications.enums import DeliveryState
from raiportal.notifications.filters import DeliveryFilter
from raiportal.notifications.models import DeliveryAttempt

A_PAGE = 50
MOST_ATTEMPTS = 100  # shown of one message


@require_safe
def delivery_list(request: SignedInRequest) -> HttpResponse:
    """Newest first, by filters that the address keeps."""
    policies.may_read_deliveries(request.user).require()
    filters = _filters(request)
    status = 200 if filters.is_valid() else 422
    name, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.SORTS, selectors.NEWEST)
    page = keyset.page(filters.qs if status == 200 else filters.queryset.none(), sort, request.GET.get("cursor"), A_PAGE)
    context = {
        "rows": [(row, selectors.to_whom(row)) for row in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "sort": name,
        "counts": selectors.counts_for(request.user),
        "export_query": changed_query(request, cursor=None),
        "section": "settings",
    }
    return render(request, "notifications/delivery_list.html", context, status=status)


@require_safe
def delivery_export(request: SignedInRequest, format: str) -> StreamingHttpResponse:
    policies.may_read_deliveries(request.user).require()
    _, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.SORTS, selectors.NEWEST)
    rows = _filters(request).required().order_by("-pk" if sort.descending else "pk")
    return exports.download("messages", format, selectors.EXPORTED_DELIVERIES, selectors.exported_deliveries(rows))


@require_safe
def delivery(request: SignedInRequest, delivery_id: int) -> HttpResponse:
    """One message with every attempt to send it."""
    shown = get_object_or_404(selectors.deliveries_for(request.user), pk=delivery_id)
    context = {
        "delivery": shown,
        "to": selectors.to_whom(shown),
        "kind": selectors.label_of(shown.event.kind),
        "attempts": DeliveryAttempt.objects.filter(delivery=shown).order_by("-pk")[:MOST_ATTEMPTS],
        "may_send_again": shown.state in (DeliveryState.DEAD, DeliveryState.DISABLED) and policies.may_send_again(request.user, shown).allowed,
        "section": "settings",
    }
    return render(request, "notifications/delivery.html", context)


@require_POST
def delivery_again(request: SignedInRequest, delivery_id: int) -> HttpResponse:
    shown = get_object_or_404(selectors.deliveries_for(request.user), pk=delivery_id)
    actions.send_again(delivery_id=shown.pk, actor=request.user)
    messages.success(request, "It is sent again.")
    return redirect("delivery", shown.pk)


def _filters(request: SignedInRequest) -> DeliveryFilter:
    return DeliveryFilter(request.GET, queryset=selectors.deliveries_for(request.user))
