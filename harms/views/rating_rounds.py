"""Rating rounds: the list, opening one, its page, asking people, closing it, and its ratings as a file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from harms import actions, aggregation, policies, selectors
from harms.enums import RoundState
from harms.models import Rater, RatingRound
from harms.rating_forms import AskForm, OutsideForm, RoundForm
from harms.views.addressed import system_of
from raiportal import clocks, exports
from raiportal.accounts.requests import SignedInRequest
from raiportal.checks import is_storable
from raiportal.errors import Conflict, Invalid
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.paging import pager_of

ROUNDS_A_PAGE = 50
SORTS = {"-opened": ("-pk",), "opened": ("pk",), "due": ("due_at", "pk"), "-due": ("-due_at", "-pk"), "title": ("title", "pk"), "-title": ("-title", "-pk")}
COLUMNS = ("code", "title", "use", "state", "scale", "harms", "raters", "opened_at", "opened_by", "due_at", "closed_at")
FORMULAS = (aggregation.MEDIAN_FORMULA, aggregation.SPREAD_FORMULA, aggregation.AGREEMENT_FORMULA, aggregation.OUTLIER_FORMULA)


def round_of(request: SignedInRequest, round_id: int) -> RatingRound:
    return get_object_or_404(selectors.rounds_of(request.user), pk=round_id)


def _listed(request: SignedInRequest, system_id: int) -> tuple[Any, str, str, str]:
    """The rounds that the address asks for; what it can't mean is passed over."""
    state = request.GET.get("state", "")
    state = state if state in RoundState.values else ""
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "-opened"
    words = request.GET.get("q", "").strip()[:200]
    found = selectors.rounds_of(request.user).filter(system=system_id)
    if words:
        found = found.filter(title__icontains=words) if is_storable(words) else found.none()
    return (found.filter(state=state) if state else found).order_by(*SORTS[sort]), state, sort, words


@require_safe
def rating_round_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    rows, state, sort, words = _listed(request, system.pk)
    page = Paginator(rows, ROUNDS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "system": system,
        "section": "rating-rounds",
        "page": page,
        "pager": pager_of(page, request),
        "state": state,
        "states": RoundState.choices,
        "sort": sort,
        "words": words,
        "query": request.GET.urlencode(),
        "may_open": policies.may_open_round(request.user, system),
        "older": selectors.older_scales(system, selectors.current_scale()),
    }
    return render(request, "harms/rating_round_list.html", context)


@require_safe
def rating_round_export(request: SignedInRequest, system_id: int, format: str) -> HttpResponseBase:
    system = system_of(request, system_id)
    rows, _, _, _ = _listed(request, system.pk)
    return exports.download(f"rating-rounds-{system.slug}", format, COLUMNS, (_as_row(held) for held in rows.iterator(chunk_size=500)))


def _as_row(held: Any) -> dict[str, Any]:
    use = held.intended_use.code if held.intended_use else ""
    people = {"opened_by": held.opened_by.name, "harms": held.harm_count, "raters": held.rater_count}
    moments = {name: getattr(held, name) for name in ("opened_at", "due_at", "closed_at")}
    return {"code": held.code, "title": held.title, "use": use, "state": held.state, "scale": str(held.scale), **people, **moments}


@require_http_methods(["GET", "HEAD", "POST"])
def rating_round_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    policies.may_open_round(request.user, system).require()
    form = RoundForm(request.POST or None, system=system, initial={"harms": request.GET.getlist("harm"), "intended_use": request.GET.get("use")})
    if request.method == "POST" and form.is_valid():
        try:
            held = actions.open_round(system=system, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{held.code} is open. Ask stakeholders from outside next, or let people rate.")
            return redirect("rating-round", held.pk)
    context = {"form": form, "system": system, "section": "rating-rounds"}
    return render(request, "harms/rating_round_add.html", context, status=422 if form.errors else 200)


@require_safe
def rating_round(request: SignedInRequest, round_id: int) -> HttpResponse:
    """Who has answered while it is open; what everybody said once it is closed."""
    held = round_of(request, round_id)
    return render(request, "harms/rating_round.html", _page(request, held))


def _page(request: SignedInRequest, held: RatingRound) -> dict[str, Any]:
    standings = selectors.standings(held)
    mine = next((one for one in standings if one.rater.person_id == request.user.pk), None)
    may_run = policies.may_run_round(request.user, held)
    return {
        "held": held,
        "system": held.system,
        "section": "rating-rounds",
        "standings": standings,
        "waiting": sum(one.is_waiting for one in standings),
        "mine": mine,
        "harms": selectors.harms_in(held),
        "results": selectors.results(held, request.user),
        "formulas": FORMULAS,
        "may_run": may_run,
        "may_erase": policies.may_erase_rater(request.user, Rater(round=held)),
        "is_early": clocks.now() < held.due_at,
        "is_current": held.scale_id == selectors.current_scale().pk,
    }


@require_safe
def rating_export(request: SignedInRequest, round_id: int, format: str) -> HttpResponseBase:
    """The ratings of a closed round; of an open one there is nothing to take away."""
    held = round_of(request, round_id)
    if held.is_open:
        raise Conflict("The ratings can be taken away once the round is closed.", code="round_open")
    name = f"ratings-{held.system.slug}-{held.code.lower()}"
    return exports.download(name, format, selectors.RATING_COLUMNS, selectors.exported_ratings(held, request.user))


@require_http_methods(["GET", "HEAD", "POST"])
def raters_ask(request: SignedInRequest, round_id: int) -> HttpResponse:
    held = round_of(request, round_id)
    policies.may_run_round(request.user, held).require()
    asked = Rater.objects.filter(round=held, person__isnull=False).values("person")
    form = AskForm(request.POST or None, people=selectors.people_with_access(held.system).exclude(pk__in=asked))
    if request.method == "POST" and form.is_valid():
        try:
            new = actions.ask_raters(round_id=held.pk, people=form.cleaned_data["people"], actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{len(new)} more {'person is' if len(new) == 1 else 'people are'} asked.")
            return redirect("rating-round", held.pk)
    return _form(request, held, "harms/raters_ask.html", form)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("sent")
def rater_invite(request: SignedInRequest, round_id: int) -> HttpResponse:
    """Ask somebody from outside; the answer shows their link this once."""
    held = round_of(request, round_id)
    policies.may_run_round(request.user, held).require()
    form = OutsideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sent = actions.invite_outside(round_id=held.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            return render(request, "harms/rater_invited.html", {"sent": sent, "held": held, "system": held.system, "section": "rating-rounds"})
    return _form(request, held, "harms/rater_invite.html", form)


def _form(request: SignedInRequest, held: RatingRound, template: str, form: Any) -> HttpResponse:
    context = {"form": form, "held": held, "system": held.system, "section": "rating-rounds"}
    return render(request, template, context, status=422 if form.errors else 200)


@require_POST
def rater_revoke(request: SignedInRequest, rater_id: int) -> HttpResponse:
    rater = _rater(request, rater_id)
    actions.revoke_outside(rater_id=rater.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, "The link is taken back.")
    return redirect("rating-round", rater.round_id)


@require_POST
def rater_erase(request: SignedInRequest, rater_id: int) -> HttpResponse:
    rater = _rater(request, rater_id)
    actions.erase_outside(rater_id=rater.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, "Name, organisation and address are erased. The ratings stay.")
    return redirect("rating-round", rater.round_id)


def _rater(request: SignedInRequest, rater_id: int) -> Rater:
    found: Rater = get_object_or_404(Rater.objects.visible_to(request.user), pk=rater_id)
    return found


@require_POST
def rating_round_close(request: SignedInRequest, round_id: int) -> HttpResponse:
    held = round_of(request, round_id)
    actions.close_round(round_id=held.pk, reason=reason_in(request.POST, is_needed=False), actor=request.user)
    messages.success(request, f"{held.code} is closed. Everybody with access can now read the ratings.")
    return redirect("rating-round", held.pk)
