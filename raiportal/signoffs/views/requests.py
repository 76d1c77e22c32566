"""Sign-offs: the list, and one request with what is signed, who signed, who is missing, and the form to sign."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from raiportal import clocks, exports, keyset
from raiportal.accounts.enums import Role
from raiportal.accounts.models import ReviewKind, Scope, User
from raiportal.accounts.requests import SignedInRequest
from raiportal.accounts.selectors import people_holding
from raiportal.audit.subjects import subject_kinds
from raiportal.listing import order_of
from raiportal.look.marks import Mark
from raiportal.look.paging import changed_query, cursor_pager
from raiportal.signoffs import policies, selectors
from raiportal.signoffs.enums import ConditionState
from raiportal.signoffs.filters import MINE, SignOffRequestFilter
from raiportal.signoffs.forms import LookedAtForm, MetForm, SignForm
from raiportal.signoffs.kinds import sign_off_kinds
from raiportal.signoffs.marks import MARKS
from raiportal.signoffs.models import Condition, SignOffRequest
from raiportal.signoffs.snapshots import parts_of

A_PAGE = 50
SORTS = {"asked": keyset.Sort("pk"), "title": keyset.Sort("title")}
NEWEST = "-asked"
EXPORTED = ("id", "title", "kind", "system", "state", "standing", "requested_by", "requested_at", "due_at", "decided_at", "valid_until", "digest")
FEW_LINES = 8  # a part of what is signed with more of them is folded


@dataclass(frozen=True)
class Row:
    request: SignOffRequest
    mark: Mark


@dataclass(frozen=True)
class ConditionLine:
    """A condition, and the form that this person can answer it with."""

    condition: Condition
    met_form: MetForm | None
    look_form: LookedAtForm | None
    is_overdue: bool


# --- List ---
@require_safe
def sign_off_list(request: SignedInRequest) -> HttpResponse:
    """What was asked for, newest first."""
    filters = _filters(request)
    status = 200 if filters.is_valid() else 422
    name, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, NEWEST)
    rows = selectors.with_sign_offs(filters.qs if status == 200 else filters.queryset.none())
    page = keyset.page(rows, sort, request.GET.get("cursor"), A_PAGE)
    held = selectors.held_by_id(page.rows)
    visible = SignOffRequest.objects.visible_to(request.user)
    context = {
        "rows": [Row(row, MARKS[held[row.pk]]) for row in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "kinds": [(kind.slug, kind.name) for kind in sign_off_kinds],
        "systems": Scope.objects.filter(pk__in=visible.values("scope")).order_by("name", "pk"),
        "mine": MINE,
        "sort": name,
        "export_query": changed_query(request, cursor=None),
    }
    return render(request, "signoffs/sign_off_list.html", context, status=status)


@require_safe
def sign_off_export(request: SignedInRequest, format: str) -> StreamingHttpResponse:
    """The list as a file."""
    found = list(selectors.with_sign_offs(_filters(request).required()).order_by(*order_of(request, SORTS, NEWEST)))
    held = selectors.held_by_id(found)
    rows = (
        {
            **{name: getattr(row, name) for name in ("id", "title", "kind", "state", "requested_at", "due_at", "decided_at", "valid_until", "digest")},
            "system": row.scope.name if row.scope else "",
            "standing": held[row.pk].value,
            "requested_by": row.requested_by.username,
        }
        for row in found
    )
    return exports.download("sign-offs", format, EXPORTED, rows)


def _filters(request: SignedInRequest) -> SignOffRequestFilter:
    return SignOffRequestFilter(request.GET, queryset=SignOffRequest.objects.visible_to(request.user), request=request)


# --- One request ---
@require_safe
def sign_off_request(request: SignedInRequest, request_id: int) -> HttpResponse:
    """What is signed, what changed since, who signed, who is missing, and the form to sign."""
    asked = found_request(request, request_id)
    return request_page(request, asked, sign_form(request, asked, None))


def found_request(request: SignedInRequest, request_id: int) -> SignOffRequest:
    return get_object_or_404(selectors.with_sign_offs(SignOffRequest.objects.visible_to(request.user)), pk=request_id)


def sign_form(request: SignedInRequest, asked: SignOffRequest, sent: Mapping[str, Any] | None) -> SignForm:
    """The form with the roles in which this person can sign; `sent` is what a browser sent of it."""
    names = _review_names()
    ways = [(f"{key}@{holder.pk}" if holder else key, _way(key, holder, names)) for key, holder in selectors.ways_to_sign(request.user, asked, clocks.now())]
    people = User.objects.filter(pk__in=people_holding(*Role, scope_id=asked.scope_id), is_active=True).exclude(pk=request.user.pk).order_by("name", "pk")
    return SignForm(sent, initial={"seen": asked.digest}, ways=ways, people=list(people) if ways else [], days=asked.rules["validity_days"])


def _way(key: str, holder: User | None, reviews: Mapping[str, str]) -> str:
    """The words for a role that has to sign; `reviews` are names of kinds of review by slug."""
    role, _, review = key.partition(":")
    name = f"{Role(role).label}: {reviews.get(review, review)}" if review else Role(role).label
    return f"{name}, for {holder.name}" if holder else name


def _review_names() -> dict[str, str]:
    return dict(ReviewKind.objects.values_list("slug", "name"))


def request_page(request: SignedInRequest, asked: SignOffRequest, form: SignForm, status: int = 200) -> HttpResponse:
    kind = sign_off_kinds[asked.kind]
    subject = kind.load([asked.subject_id]).get(asked.subject_id)
    found = subject_kinds[asked.subject_kind]
    names = _review_names()
    context = {
        "asked": asked,
        "kind": kind,
        "mark": MARKS[selectors.held_by_id([asked])[asked.pk]],
        "subject_url": found.url(subject) if subject is not None else "",
        "parts": [(part, len(part.lines) <= FEW_LINES) for part in parts_of(asked.snapshot, kind.words)],
        "frozen": json.dumps(asked.snapshot, ensure_ascii=False, indent=2),
        "standing": selectors.standing(asked.kind, subject) if subject is not None else None,
        "needed": [(_way(row["key"], None, names), row["quorum"]) for row in asked.rules["roles"]],
        "missing": [(_way(lack.role, None, names), lack.count) for lack in selectors.missing_of(asked)],
        "signed": [(signed, _way(signed.role, None, names), [_line(row, request.user) for row in signed.conditions.all()]) for signed in asked.sign_offs.all()],
        "may_sign": bool(form.fields["way"].choices),  # type: ignore[attr-defined]
        "form": form,
        "may_withdraw": policies.may_withdraw(request.user, asked),
        "may_revoke": policies.may_revoke(request.user, asked),
    }
    return render(request, "signoffs/sign_off_request.html", context, status=status)


def _line(condition: Condition, user: User) -> ConditionLine:
    is_live = condition.sign_off.request.state in {"open", "approved"} and condition.sign_off.request.ended_at is None
    may_meet = is_live and condition.state in {ConditionState.OPEN, ConditionState.REOPENED} and bool(policies.may_meet(user, condition))
    may_look = is_live and condition.state == ConditionState.MET and bool(policies.may_confirm(user, condition))
    ids = f"condition-{condition.pk}-%s"
    return ConditionLine(
        condition, MetForm(auto_id=ids) if may_meet else None, LookedAtForm(auto_id=ids) if may_look else None, condition.is_overdue(clocks.now())
    )
