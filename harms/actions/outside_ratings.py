"""Raters from outside: a link that opens the harms of one round, without an account, until their ratings are sent. The link is shown and mailed, never kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from harms import policies, selectors
from harms.actions.ratings import COMPLETE, MOST_RATERS, Answer, keep_rating, lock_open_round, tell
from harms.models import Rater, Rating, RatingRound, RoundHarm
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.errors import Conflict, Invalid, Missing

TOKEN_BYTES = 32
NOT_USABLE = "This link doesn't work. It may have been used, taken back or run out; ask whoever sent it for another one."
ERASED = "Erased stakeholder"


@dataclass(frozen=True)
class SentLink:
    """A link that was just made. `link` can't be read again; `is_mailed` says whether it was handed over for mailing."""

    rater: Rater
    link: str
    is_mailed: bool


@transaction.atomic
def invite_outside(*, round_id: int, name: str, organisation: str = "", email: str = "", actor: User) -> SentLink:
    """Ask somebody who has no account. Their link works until they send their ratings, or the round is due or closed.

    Raises PolicyDenied, Invalid, Conflict.
    """
    held = lock_open_round(round_id)
    policies.may_run_round(actor, held).require()
    if held.due_at <= clocks.now():
        raise Conflict("This round is due, so a link would not work any more.", code="round_due")
    if Rater.objects.filter(round=held).count() >= MOST_RATERS:
        raise Invalid(f"At most {MOST_RATERS} people rate in one round.", field="name")
    named = require_text(name, field="name", sentence="Say who is asked.")[:120]
    token = secrets.token_urlsafe(TOKEN_BYTES)
    rater = Rater.objects.create(
        round=held,
        name=named,
        organisation=organisation.strip()[:160],
        email=_address(email),
        digest=digest_of(token),
        expires_at=held.due_at,
        asked_by=actor,
    )
    ledger.record("harms.outside_rater_asked", subject=rater, actor=actor, until=rater.expires_at, is_mailed=bool(rater.email))
    link = settings.PUBLIC_URL + reverse("rating-from-outside", args=[token])
    if rater.email:
        body = render_to_string("harms/email/outside_rating.txt", {"rater": rater, "link": link, "actor": actor})
        transaction.on_commit(lambda: _mail(body, rater.email))
    return SentLink(rater, link, bool(rater.email))


def _address(email: str) -> str:
    given = email.strip()
    if given:
        try:
            validate_email(given)
        except ValidationError:
            raise Invalid("This is no e-mail address.", field="email") from None
    return given


def _mail(body: str, address: str) -> None:
    send_mail(settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + "You are asked to rate harms", body, None, [address])


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def revoke_outside(*, rater_id: int, reason: str, actor: User) -> Rater:
    """Take a link back; doing so again changes nothing. Raises Conflict once their ratings were sent."""
    rater = _lock(rater_id)
    policies.may_run_round(actor, rater.round).require()
    if not rater.is_outside:
        raise Conflict("This person rates with their own account, so there is no link to take back.")
    if rater.sent_at is not None:
        raise Conflict("They have sent their ratings already.", code="sent_already")
    said = require_text(reason, field="reason", sentence="Say why.")
    if rater.revoked_at is None:
        ledger.apply_changes(rater, actor=actor, action="harms.outside_rater_revoked", reason=said, revoked_at=clocks.now())
    return rater


@transaction.atomic
def erase_outside(*, rater_id: int, reason: str, actor: User) -> Rater:
    """Take out who somebody from outside was: name, organisation, address; an unused link stops working. What they said of harms stays. Raises Conflict."""
    rater = _lock(rater_id)
    policies.may_erase_rater(actor, rater).require()
    said = require_text(reason, field="reason", sentence="Say why, without personal data: the reason stays.")
    if not rater.is_outside:
        raise Conflict("This is a person of the portal; they are erased under Settings, People.")
    if rater.erased_at is not None:
        raise Conflict("This was erased already.", code="erased_already")
    forget(rater, actor, said)
    return rater


def forget_person(person: User, actor: User) -> None:
    """Whoever is erased and was once asked from outside under the same address."""
    if person.email:
        for rater in Rater.objects.select_for_update(of=("self",), no_key=True).filter(person=None, erased_at=None, email__iexact=person.email).order_by("pk"):
            forget(rater, actor, "The person was erased.")


def forget(rater: Rater, actor: User, reason: str) -> None:
    now = clocks.now()
    gone = {"revoked_at": now} if rater.sent_at is None and rater.revoked_at is None else {}
    blank = {"name": f"{ERASED} {rater.pk}", "organisation": "", "email": "", "erased_at": now}
    ledger.apply_changes(rater, actor=actor, action="harms.outside_rater_erased", reason=reason, **blank, **gone)


def find_open(token: str) -> Rater:
    """Who a link was made for. Raises Missing with one sentence for used, revoked, expired and unknown ones alike, and once the round is closed."""
    return _require_usable(Rater.objects.select_related("round__system__scope", "round__intended_use", "round__scale").filter(digest=digest_of(token)).first())


@transaction.atomic
def keep_drafts(*, token: str, answers: Sequence[Answer]) -> Rater:
    """Keep what somebody from outside has said so far; the link goes on working. Raises Missing, Invalid."""
    rater = _take(token)
    _keep(rater, answers)
    return rater


@transaction.atomic
def send_ratings(*, token: str, answers: Sequence[Answer]) -> Rater:
    """Send the ratings, which uses the link up; of two at the same time one gets Missing. Raises Invalid unless every harm has an answer."""
    rater = _take(token)
    _keep(rater, answers)
    rated = RoundHarm.objects.filter(round=rater.round_id).rated()
    asked = rated.count()
    done = Rating.objects.filter(rater=rater, round_harm__in=rated).count()
    if done < asked:
        raise Invalid(f"{asked - done} of {asked} harms have no answer yet. Say of each how bad and how often, or that you can't judge it.")
    actor = User.system()
    ledger.apply_changes(rater, actor=actor, action="harms.outside_ratings_sent", sent_at=clocks.now())
    held = rater.round
    if not selectors.missing(held):
        tell(COMPLETE, held, [held.opened_by_id], f"Everybody has answered: {held}", reverse("rating-round", args=[held.pk]), actor, key=str(held.pk))
    return rater


def _keep(rater: Rater, answers: Sequence[Answer]) -> None:
    for answer in answers:
        keep_rating(rater, answer)


def _take(token: str) -> Rater:
    """The usable row under locks on the round and on itself: whoever comes second waits here and then finds the link used."""
    known = find_open(token)
    held: RatingRound = RatingRound.objects.lock(known.round_id)
    rater = Rater.objects.select_for_update(of=("self",), no_key=True).select_related("round__system__scope").get(pk=known.pk)
    rater.round = held
    return _require_usable(rater)


def _lock(rater_id: int) -> Rater:
    found = Rater.objects.select_related("round").filter(pk=rater_id).first()
    if found is None:
        raise Missing("This rater isn't there any more.")
    RatingRound.objects.lock(found.round_id)
    return Rater.objects.select_for_update(of=("self",), no_key=True).select_related("round__system").get(pk=rater_id)


def _require_usable(rater: Rater | None) -> Rater:
    is_usable = rater is not None and rater.sent_at is None and rater.revoked_at is None and rater.round.is_open
    if rater is None or not is_usable or rater.expires_at is None or rater.expires_at <= clocks.now():
        raise Missing(NOT_USABLE)
    return rater
