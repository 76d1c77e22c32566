"""Rating the harms of a round, and recording what was agreed afterwards."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from harms import actions, policies, selectors
from harms.models import RoundHarm
from harms.rating_forms import ConsensusForm, rating_forms
from harms.views.rating_rounds import FORMULAS, round_of
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Conflict, Invalid
from raiportal.look.forms import add_refusal


@require_http_methods(["GET", "HEAD", "POST"])
def rating(request: SignedInRequest, round_id: int) -> HttpResponse:
    """One's own ratings; what is complete is kept, whatever else is still open."""
    held = round_of(request, round_id)
    rater = selectors.rater_of(held, request.user)
    policies.may_rate(request.user, held, rater).require()
    if rater is None:
        raise Http404
    if not held.is_open:
        return redirect("rating-round", held.pk)
    own, levels = selectors.own_ratings(rater), selectors.levels_of(held.scale)
    rows = rating_forms(request.POST if request.method == "POST" else None, selectors.harms_in(held), own, held.scale, levels)
    is_refused = False
    if request.method == "POST":
        is_refused = len([row for row in rows if row[1].is_valid()]) < len(rows)  # every form is asked, so that each shows its errors
        answers = [form.answer(row.pk) for row, form, _ in rows if form.is_valid() and form.says_something]
        kept = actions.rate(round_id=held.pk, answers=answers, actor=request.user)
        if not is_refused:
            messages.success(request, _kept(len(kept)))
            return redirect("rating-round", held.pk)
    context = {"held": held, "system": held.system, "section": "rating-rounds", "rows": rows, "answered": len(own), "is_refused": is_refused}
    return render(request, "harms/rating.html", context, status=422 if is_refused else 200)


def _kept(count: int) -> str:
    if not count:
        return "Nothing changed."
    return f"{count} {'rating' if count == 1 else 'ratings'} kept. You can change them until the round is closed."


@require_http_methods(["GET", "HEAD", "POST"])
def consensus(request: SignedInRequest, round_harm_id: int) -> HttpResponse:
    """What was agreed of one harm, with everything that the ratings say beside it."""
    asked = get_object_or_404(RoundHarm.objects.select_related("harm"), pk=round_harm_id)
    held = round_of(request, asked.round_id)
    policies.may_run_round(request.user, held).require()
    result = next((row for row in selectors.results(held, request.user) if row.held.pk == asked.pk), None)
    if result is None:
        raise Conflict("Close the round first: until then nobody knows what the others said.", code="round_open")
    if result.consensus is not None:
        raise Conflict("What was agreed of this harm is recorded already. Rate it in a new round.", code="recorded_already")
    medians: dict[str, Any] = {"severity": result.all.levels[0], "frequency": result.all.levels[1]} if result.all else {}
    form = ConsensusForm(request.POST or None, initial=medians, scale=held.scale, levels=selectors.levels_of(held.scale))
    if request.method == "POST" and form.is_valid():
        try:
            agreed = actions.record_consensus(round_harm_id=asked.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"Recorded. {asked.harm.code} has an inherent risk of {agreed.point.score} there.")
            return redirect("rating-round", held.pk)
    context = {"form": form, "held": held, "result": result, "system": held.system, "section": "rating-rounds", "formulas": FORMULAS, "medians": medians}
    return render(request, "harms/consensus.html", context, status=422 if form.errors else 200)
