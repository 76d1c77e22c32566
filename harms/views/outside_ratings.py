"""The page behind the link of somebody from outside: the harms that they are asked about, and nothing else of the system. It needs and gives no session."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from harms import actions, selectors
from harms.actions.outside_ratings import NOT_USABLE
from harms.models import Rater
from harms.rating_forms import rating_forms
from raiportal.errors import Invalid, Missing

NOTHING_SAID = "Say something of at least one harm."


@login_not_required
@sensitive_post_parameters()
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def rating_from_outside(request: HttpRequest, token: str) -> HttpResponse:
    """Used, revoked, expired and unknown links, and those of closed rounds, get the same answer."""
    if refused := ratelimit.consume_or_429(request, action="rating_from_outside", limit_get=True):
        return refused
    try:
        return _rate(request, token, actions.find_open(token))
    except Missing:
        return render(request, "harms/rating_void.html", {"sentence": NOT_USABLE}, status=404)


def _rate(request: HttpRequest, token: str, rater: Rater) -> HttpResponse:
    held = rater.round
    own, levels = selectors.own_ratings(rater), selectors.levels_of(held.scale)
    rows = rating_forms(request.POST if request.method == "POST" else None, selectors.harms_in(held), own, held.scale, levels)
    context: dict[str, Any] = {"rater": rater, "held": held, "rows": rows}
    if request.method == "POST":
        is_valid = len([row for row in rows if row[1].is_valid()]) == len(rows)  # every form is asked, so that each shows its errors
        answers = [form.answer(row.pk) for row, form, _ in rows if form.is_valid() and form.says_something]
        is_sending = request.POST.get("act") == "send"
        try:
            if is_sending and is_valid:
                actions.send_ratings(token=token, answers=answers)
                return render(request, "harms/rating_sent.html", {"rater": rater})
            actions.keep_drafts(token=token, answers=answers)
        except Invalid as error:
            context["refusal"] = error.detail
        context |= {"is_kept": not is_sending and is_valid, "is_refused": not is_valid}
    status = 422 if context.get("refusal") or context.get("is_refused") else 200
    return render(request, "harms/rating_from_outside.html", context, status=status)
