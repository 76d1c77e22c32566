"""Changing many harms at once: which they are is said before anything is changed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from harms import actions, policies, selectors
from harms.forms import BulkForm
from harms.models import Harm
from harms.views.addressed import system_of
from harms.views.register import UNREADABLE, read_address
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid, RaiportalError
from raiportal.look.forms import add_refusal
from systems.models import AISystem

NOTHING = "Choose at least one harm."


@require_POST
def harm_bulk(request: SignedInRequest) -> HttpResponse:
    """First the form with what was chosen; with `apply` the change itself. `chosen` is "page" (the `harm` ids) or "all" that fit the filters in `query`."""
    system = _system(request)
    harms = _chosen(request, system)
    ids = list(harms.order_by("pk").values_list("pk", flat=True)[: actions.MOST_AT_ONCE + 1])
    if not ids:
        raise Invalid(NOTHING, field="harm")
    systems = list(AISystem.objects.filter(pk__in=harms.order_by().values("system")).order_by("scope__name", "pk"))
    for named in systems:
        policies.may_propose_harm(request.user, named).require()
    one = systems[0] if len(systems) == 1 else None
    form = BulkForm(request.POST if "apply" in request.POST else None, uses=selectors.uses_to_choose(one) if one else None)
    if "apply" in request.POST and form.is_valid():
        try:
            changed = actions.edit_harms(harm_ids=ids, actor=request.user, **form.given())
        except Invalid as error:
            add_refusal(form, error)
        except RaiportalError as error:
            form.add_error(None, error.detail)
        else:
            messages.success(request, f"{_counted(changed)} changed, {_counted(len(ids) - changed)} of those chosen were as asked for already.")
            return HttpResponseRedirect(_back(request))
    context = {
        "system": system,
        "section": "harms" if system else "register",
        "form": form,
        "count": len(ids),
        "too_many": len(ids) > actions.MOST_AT_ONCE,
        "most": actions.MOST_AT_ONCE,
        "is_all": request.POST.get("chosen") == "all",
        "ids": ids,
        "sample": harms.select_related("system__scope").order_by("-priority", "-pk")[:5],
        "more": max(len(ids) - 5, 0),
        "query": request.POST.get("query", ""),
        "back": _back(request),
        "one_system": one,
    }
    return render(request, "harms/harm_bulk.html", context, status=422 if form.errors else 200)


def _system(request: SignedInRequest) -> AISystem | None:
    """The system whose register was open, None on that of all; what is no id is never taken for all of them."""
    named = request.POST.get("system", "")
    if named and not (named.isascii() and named.isdigit() and len(named) <= 18):
        raise Http404
    return system_of(request, int(named)) if named else None


def _chosen(request: SignedInRequest, system: AISystem | None) -> QuerySet[Any]:
    seen = Harm.objects.visible_to(request.user)
    if system:
        seen = seen.filter(system=system)
    if request.POST.get("chosen") == "all":
        asked = read_address(request, system, QueryDict(request.POST.get("query", "")))
        if not asked.is_readable:
            raise Invalid(UNREADABLE, field="query")
        return seen.filter(pk__in=asked.rows.order_by().values(f"{asked.register.to_harm}pk"))  # type: ignore[no-any-return]
    given = [text for text in request.POST.getlist("harm") if text.isascii() and text.isdigit() and len(text) <= 18]
    return seen.filter(pk__in=given)  # type: ignore[no-any-return]


def _back(request: SignedInRequest) -> str:
    """The list as it was."""
    wanted = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if is_ours else reverse("harm-register")


def _counted(number: int) -> str:
    return "1 harm" if number == 1 else f"{number:,} harms"
