"""One's own notifications."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.look.formats import number
from raiportal.look.paging import changed_query, cursor_pager
from raiportal.notifications import actions, selectors
from raiportal.notifications.filters import NotificationFilter
from raiportal.notifications.kinds import notification_kinds
from raiportal.notifications.models import Notification

A_PAGE = 50


@require_safe
def notification_list(request: SignedInRequest) -> HttpResponse:
    """What somebody was told, newest first, by filters that the address keeps."""
    filters = _filters(request)
    status = 200 if filters.is_valid() else 422
    name, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.SORTS, selectors.NEWEST)
    page = keyset.page(filters.qs if status == 200 else filters.queryset.none(), sort, request.GET.get("cursor"), A_PAGE)
    context = {
        "rows": [(row, notification_kinds.get(row.kind)) for row in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "kinds": selectors.kinds_told(request.user),
        "sort": name,
        "unread": selectors.unread_count(request.user),
        "export_query": changed_query(request, cursor=None),
        "section": "notifications",
    }
    return render(request, "notifications/notification_list.html", context, status=status)


@require_safe
def notification_export(request: SignedInRequest, format: str) -> StreamingHttpResponse:
    _, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.SORTS, selectors.NEWEST)
    rows = _filters(request).required().order_by("-pk" if sort.descending else "pk")
    return exports.download("notifications", format, selectors.EXPORTED, selectors.exported(rows))


@require_POST
def notification_open(request: SignedInRequest, notification_id: int) -> HttpResponse:
    """Note that it was read, and go where it leads."""
    row = get_object_or_404(selectors.notifications_of(request.user), pk=notification_id)
    actions.mark_read(notification_ids=[row.pk], actor=request.user)
    return redirect(row.url)


@require_POST
def notification_read(request: SignedInRequest, notification_id: int) -> HttpResponse:
    """Note that it was read, and stay."""
    row: Notification = get_object_or_404(selectors.notifications_of(request.user), pk=notification_id)
    actions.mark_read(notification_ids=[row.pk], actor=request.user)
    return redirect(_back(request))


@require_POST
def notification_read_all(request: SignedInRequest) -> HttpResponse:
    count = actions.mark_all_read(actor=request.user)
    messages.success(request, f"{number(count)} marked as read." if count else "Nothing was unread.")
    return redirect("notification-list")


def _filters(request: SignedInRequest) -> NotificationFilter:
    return NotificationFilter(request.GET, queryset=selectors.notifications_of(request.user))


def _back(request: HttpRequest) -> str:
    """The list as it was filtered, if the form says so."""
    wanted = request.POST.get("back", "")
    is_ours = wanted.startswith("?") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return f"/notifications/{wanted if is_ours else ''}"
