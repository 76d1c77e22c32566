"""Stand-ins: who signs for whom and until when, naming one, and ending it before its time."""

from __future__ import annotations

import datetime

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal import clocks, exports, keyset
from raiportal.accounts.models import Scope, User
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.listing import order_of
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.marks import Mark
from raiportal.look.paging import changed_query, cursor_pager
from raiportal.signoffs import actions, dates, policies, selectors
from raiportal.signoffs.filters import STAND_IN_TIMES, StandInFilter
from raiportal.signoffs.forms import StandInForm
from raiportal.signoffs.models import StandIn

A_PAGE = 50
SORTS = {"named": keyset.Sort("pk"), "until": keyset.Sort("until_at")}
NEWEST = "-named"
EXPORTED = ("id", "person", "for_person", "system", "from_at", "until_at", "reason", "created_by", "created_at", "ended_at", "time")
MARKS = {"now": Mark("In force", "holds", "ok"), "later": Mark("To come", "clock", "info"), "over": Mark("Over", "missing")}


@require_safe
def stand_in_list(request: SignedInRequest) -> HttpResponse:
    """Whose roles others sign in: one's own, and for those who oversee them everybody's; the newest first."""
    filters = StandInFilter(request.GET, queryset=_visible(request.user), request=request)
    status = 200 if filters.is_valid() else 422
    name, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, NEWEST)
    page = keyset.page(filters.qs if status == 200 else filters.queryset.none(), sort, request.GET.get("cursor"), A_PAGE)
    now = clocks.now()
    context = {
        "rows": [
            (row, MARKS[row.time_at(now)], row.ended_at is None and row.until_at > now and policies.may_end_stand_in(request.user, row)) for row in page.rows
        ],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "times": STAND_IN_TIMES,
        "systems": Scope.objects.filter(pk__in=StandIn.objects.visible_to(request.user).values("scope")).order_by("name", "pk"),
        "sort": name,
        "export_query": changed_query(request, cursor=None),
    }
    return render(request, "signoffs/stand_in_list.html", context, status=status)


@require_safe
def stand_in_export(request: SignedInRequest, format: str) -> StreamingHttpResponse:
    """The list as a file."""
    filters = StandInFilter(request.GET, queryset=_visible(request.user), request=request)
    now = clocks.now()
    rows = (
        {
            **{name: getattr(row, name) for name in ("id", "from_at", "until_at", "reason", "created_at", "ended_at")},
            **{name: getattr(row, name).username for name in ("person", "for_person", "created_by")},
            "system": row.scope.name if row.scope else "",
            "time": row.time_at(now),
        }
        for row in filters.required().order_by(*order_of(request, SORTS, NEWEST))
    )
    return exports.download("stand-ins", format, EXPORTED, rows)


@require_http_methods(["GET", "POST"])
def stand_in_add(request: SignedInRequest) -> HttpResponse:
    """Name somebody who signs in one's own roles for a while; administrators name anybody's."""
    form = _form(request)
    if request.method == "POST" and form.is_valid():
        try:
            named = _name(request.user, form)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{named.person.name} can sign for {named.for_person.name} until {named.until_at:%-d %B %Y}.")
            return redirect("stand-in-list")
    return render(request, "signoffs/stand_in_add.html", {"form": form}, status=422 if form.errors else 200)


def _form(request: SignedInRequest) -> StandInForm:
    user = request.user
    is_administrator = bool(policies.may_oversee_stand_ins(user))
    return StandInForm(
        request.POST if request.method == "POST" else None,
        initial={"from_on": clocks.now().date()},
        people=list(selectors.possible_stand_ins(user)),
        whose=list(selectors.people_to_stand_in_for(user)) if is_administrator else [user],
        scopes=list(selectors.scopes_to_stand_in(user)),
    )


def _name(user: User, form: StandInForm) -> StandIn:
    given = form.cleaned_data
    return actions.name_stand_in(
        person=form.people[given["person"]],
        for_person=form.whose[given["for_person"]] if given.get("for_person") else user,
        scope_id=int(given["system"]) if given["system"] else None,
        from_at=dates.start_of(given["from_on"]),
        until_at=dates.start_of(given["until_on"]) + datetime.timedelta(days=1),
        reason=given["reason"],
        actor=user,
    )


@require_POST
def stand_in_end(request: SignedInRequest, stand_in_id: int) -> HttpResponse:
    """End it before its time, with the reason."""
    found = get_object_or_404(_visible(request.user), pk=stand_in_id)
    actions.end_stand_in(stand_in_id=found.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{found.person.name} doesn't sign for {found.for_person.name} any more.")
    return redirect("stand-in-list")


def _visible(user: User) -> QuerySet[StandIn]:
    return StandIn.objects.visible_to(user).select_related("person", "for_person", "created_by", "scope")
