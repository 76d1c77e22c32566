"""Taking a harm over from the library, or saying why it doesn't fit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Unpack

from django.db import transaction

from harms import policies, selectors
from harms.actions.register import HarmWords, propose_harm
from harms.models import Harm, HarmCategory, LibraryDismissal
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from raiportal.errors import Conflict, Invalid, Missing, WrongState
from systems.models import AISystem, IntendedUse

NO_ENTRY = "The library has no such entry."


@transaction.atomic
def propose_from_library(
    *, system: AISystem, slug: str, model_name: str = "", uses: Collection[IntendedUse] = (), actor: User, **adapted: Unpack[HarmWords]
) -> Harm:
    """Propose the harm that an entry of the library describes, in its own words or `adapted` ones. `model_name`: the model whose harm it is, where it is one's.

    Raises PolicyDenied, Invalid, and Conflict where it is on the register already, for this model.
    """
    named = model_name.strip()[:120]
    words: HarmWords = {**words_of_entry(slug, named), **adapted}
    locked: AISystem = AISystem.objects.lock(system.pk)  # two who take the same entry wait for each other
    policies.may_propose_harm(actor, locked).require()
    taken = Harm.objects.filter(system=locked, library_entry=slug, model_name=named).order_by("-pk").first()
    if taken is not None:
        raise Conflict(f"{taken.code} came from this entry already. Edit it, or propose another harm by hand.")
    return propose_harm(system=locked, library_entry=slug, model_name=named, uses=uses, actor=actor, **words)


def words_of_entry(slug: str, model_name: str = "") -> HarmWords:
    """Title, description, category and origin of the harm that an entry describes. Raises Invalid for an unknown one."""
    entry = selectors.library_entry(slug)
    if entry is None:
        raise Invalid(NO_ENTRY, field="slug")
    return {
        "title": f"{entry.title} ({model_name})"[:160] if model_name else entry.title,
        "description": entry.body["description"],
        "category": HarmCategory.objects.get(slug=entry.body["category"]),
        "origin": entry.body["origin"],
    }


@transaction.atomic
def dismiss_offer(*, system: AISystem, slug: str, model_name: str = "", reason: str, actor: User) -> LibraryDismissal:
    """Say why a known harm doesn't fit this system; it is offered no more until that is taken back. Raises PolicyDenied, Invalid, Conflict."""
    if selectors.library_entry(slug) is None:
        raise Invalid(NO_ENTRY, field="slug")
    locked: AISystem = AISystem.objects.lock(system.pk)
    policies.may_decide_offer(actor, locked).require()
    said = require_text(reason, field="reason", sentence="Say why it doesn't fit.")
    named = model_name.strip()[:120]
    if LibraryDismissal.objects.filter(system=locked, entry=slug, model_name=named, taken_back_at=None).exists():
        raise Conflict("Somebody dismissed this already.")
    dismissal = LibraryDismissal.objects.create(system=locked, entry=slug, model_name=named, reason=said[:2_000], created_by=actor)
    ledger.record("harms.offer_dismissed", subject=dismissal, actor=actor, reason=said, entry=slug, model_name=named)
    return dismissal


@transaction.atomic
def take_back_dismissal(*, dismissal_id: int, actor: User) -> LibraryDismissal:
    """Offer a known harm again. Raises PolicyDenied, WrongState, Missing."""
    dismissal = LibraryDismissal.objects.select_for_update(of=("self",), no_key=True).filter(pk=dismissal_id).first()
    if dismissal is None:
        raise Missing("This isn't there any more.")
    policies.may_decide_offer(actor, dismissal.system).require()
    if dismissal.taken_back_at is not None:
        raise WrongState("This was taken back already.")
    ledger.apply_changes(dismissal, actor=actor, action="harms.dismissal_taken_back", taken_back_at=clocks.now(), taken_back_by=actor)
    return dismissal
