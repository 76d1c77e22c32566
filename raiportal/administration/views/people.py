"""People and the roles that they hold for the organisation."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal import clocks, exports, keyset
from raiportal.accounts import actions, factors, policies, selectors, sign_ins
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import Membership, User
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration.filters import PersonFilter, query_of
from raiportal.administration.forms import OrganisationRoleForm, PersonForm, TokenForm
from raiportal.administration.selectors import purposes_of
from raiportal.administration.views.tokens import token_form
from raiportal.errors import Invalid
from raiportal.listing import order_of
from raiportal.look.forms import ReasonForm, add_refusal
from raiportal.look.paging import cursor_pager

PEOPLE_A_PAGE = 50


@require_safe
def person_list(request: SignedInRequest) -> HttpResponse:
    """Everybody by name, by filters that the address keeps."""
    policies.may_read_everything(request.user).require()
    filters = _filters(request)
    status = 200 if filters.is_valid() else 422
    name, sort = keyset.chosen_sort(request.GET.get("sort"), selectors.PEOPLE_SORTS, selectors.BY_NAME)
    page = keyset.page(filters.qs if status == 200 else filters.queryset.none(), sort, request.GET.get("cursor"), PEOPLE_A_PAGE)
    context = {
        "people": page.rows,
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "sort": name,
        "export_query": query_of(request),
        "may_manage": policies.may_manage_people(request.user),
        "now": clocks.now(),
    }
    return render(request, "administration/person_list.html", context, status=status)


@require_safe
def person_export(request: SignedInRequest, format: str) -> StreamingHttpResponse:
    """The filtered list as a file, with every role."""
    policies.may_read_everything(request.user).require()
    order = order_of(request, selectors.PEOPLE_SORTS, selectors.BY_NAME)
    return exports.download("people", format, selectors.EXPORTED_OF_PEOPLE, selectors.exported_people(_filters(request).required().order_by(*order)))


def _filters(request: SignedInRequest) -> PersonFilter:
    return PersonFilter(request.GET, queryset=selectors.people())


@require_http_methods(["GET", "POST"])
def person_add(request: SignedInRequest) -> HttpResponse:
    policies.may_manage_people(request.user).require()
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            person = actions.add_user(username=given["username"], name=given["name"], email=given["email"], password=given["password"], actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            if given["role"]:
                actions.give_role(user=person, role=Role(given["role"]), actor=request.user)
            messages.success(request, f"{person.name} can sign in as {person.username}.")
            return redirect("person", person.pk)
    return render(request, "administration/person_add.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def person(request: SignedInRequest, user_id: int) -> HttpResponse:
    policies.may_read_everything(request.user).require()
    return person_page(request, _somebody(user_id))


def _somebody(user_id: int) -> User:
    return get_object_or_404(selectors.people(), pk=user_id)


def person_page(
    request: SignedInRequest, shown: User, *, form: OrganisationRoleForm | None = None, tokens_form: TokenForm | None = None, key: str = "", status: int = 200
) -> HttpResponse:
    """The page of a person or a service account; `key` is a token that was just made."""
    is_service = shown.kind == UserKind.SERVICE
    may_manage = policies.may_manage_people(request.user)
    context = {
        "person": shown,
        "is_service": is_service,
        "purpose": purposes_of([shown.pk]).get(shown.pk, "") if is_service else "",
        "form": form or OrganisationRoleForm(),
        "tokens_form": (tokens_form or token_form(shown)) if is_service and may_manage else None,
        "key": key,
        "now": clocks.now(),
        "may_manage": may_manage,
        "tokens": selectors.tokens_of(shown),
        "factors": [factors.name_of(factor) for factor in factors.factors_of(shown)],
        "sign_in_count": sign_ins.live_sign_ins_of(shown).count(),
    }
    return render(request, "administration/person.html", context, status=status)


@require_POST
def role_give(request: SignedInRequest, user_id: int) -> HttpResponse:
    policies.may_manage_people(request.user).require()
    shown = _somebody(user_id)
    form = OrganisationRoleForm(request.POST)
    if not form.is_valid():
        return person_page(request, shown, form=form, status=422)
    role = Role(form.cleaned_data["role"])
    if form.end is not None and form.end <= clocks.now():
        add_refusal(form, Invalid("The end lies in the past.", field="until"))
        return person_page(request, shown, form=form, status=422)
    actions.give_role(user=shown, role=role, until=form.end, actor=request.user)
    messages.success(request, f"{shown.name} is {role.label.lower()} now.")
    return redirect("person", shown.pk)


@require_POST
def role_take(request: SignedInRequest, membership_id: int) -> HttpResponse:
    policies.may_manage_people(request.user).require()
    membership = get_object_or_404(Membership.objects.select_related("user"), pk=membership_id, scope=None)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say why the role is taken away.", field="reason")
    actions.take_role(membership_id=membership.pk, reason=form.cleaned_data["reason"], actor=request.user)
    messages.success(request, f"{membership.user.name} is no longer {membership.get_role_display().lower()}.")
    return redirect("person", membership.user_id)


@require_POST
def person_set_active(request: SignedInRequest, user_id: int) -> HttpResponse:
    policies.may_manage_people(request.user).require()
    shown = _somebody(user_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say why.", field="reason")
    let_in = request.GET.get("to") == "in"  # as the page offered it: of two who keep somebody out at once, neither lets them in again
    actions.set_active(user_id=shown.pk, is_active=let_in, reason=form.cleaned_data["reason"], actor=request.user)
    messages.success(request, f"{shown.name} can sign in again." if let_in else f"{shown.name} is kept out from the next request on.")
    return redirect("person", shown.pk)
