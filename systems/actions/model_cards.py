"""What the organisation knows of the models that it uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Invalid, WrongState
from systems import policies
from systems.enums import Capability, Modality
from systems.models import ModelCard

TAKEN = "There is a card of this model and version already."
LONGEST_TEXT = 20_000  # characters of each of the long texts
LARGEST_WINDOW = 2_147_483_647  # tokens; the column's
TEXTS = ("alignment", "known_limits", "sources")
SHORT_TEXTS = ("version", "knowledge_cutoff")


class Facts(TypedDict, total=False):
    version: str
    modalities: Sequence[str]
    capabilities: Sequence[str]
    context_window_tokens: int | None
    knowledge_cutoff: str
    alignment: str
    known_limits: str
    sources: str


class Changes(Facts, total=False):
    developer: str
    family: str


def add_model_card(*, developer: str, family: str, actor: User, **facts: Unpack[Facts]) -> ModelCard:
    """Write a card for one version of one model. Raises PolicyDenied, or Invalid for one that is there or a value that doesn't fit."""
    try:
        with transaction.atomic():
            policies.may_change_model_cards(actor).require()
            fitting = _fitting({"developer": developer, "family": family, **facts})
            card = ModelCard(created_by=actor, **fitting)
            require_clean(card)
            card.save(force_insert=True)
            ledger.record("systems.model_card_added", subject=card, actor=actor, **fitting)
            return card
    except IntegrityError as error:
        raise _explained(error) from error


def edit_model_card(*, card_id: int, actor: User, **changes: Unpack[Changes]) -> ModelCard:
    """Change what is given."""
    try:
        with transaction.atomic():
            card: ModelCard = ModelCard.objects.lock(card_id)
            policies.may_change_model_cards(actor).require()
            if card.archived_at is not None:
                raise WrongState("This card is archived. Restore it first.")
            fitting = _fitting(dict(changes))
            require_clean(ModelCard(created_by=actor, **{"developer": card.developer, "family": card.family, **fitting}))
            ledger.apply_changes(card, actor=actor, action="systems.model_card_changed", **fitting)
            return card
    except IntegrityError as error:
        raise _explained(error) from error


@transaction.atomic
def archive_model_card(*, card_id: int, reason: str, actor: User) -> ModelCard:
    """No deployment can be linked to it any more; those that are stay so."""
    return _move(card_id, True, "systems.model_card_archived", reason, actor)


@transaction.atomic
def restore_model_card(*, card_id: int, reason: str, actor: User) -> ModelCard:
    return _move(card_id, False, "systems.model_card_restored", reason, actor)


def _move(card_id: int, archive: bool, action: str, reason: str, actor: User) -> ModelCard:
    card: ModelCard = ModelCard.objects.lock(card_id)
    policies.may_change_model_cards(actor).require()
    reason = require_text(reason, field="reason", sentence="Say why.")
    if (card.archived_at is not None) == archive:
        raise WrongState("This card is archived already." if archive else "This card isn't archived.")
    ledger.apply_changes(card, actor=actor, action=action, reason=reason, archived_at=clocks.now() if archive else None)
    return card


def _fitting(given: dict[str, Any]) -> dict[str, Any]:
    fitting = dict(given)
    for name, sentence in (("developer", "Say who developed the model."), ("family", "Name the model or its family.")):
        if name in fitting:
            fitting[name] = require_text(fitting[name], field=name, sentence=sentence)
    for name in (*TEXTS, *SHORT_TEXTS):
        if name in fitting:
            fitting[name] = fitting[name].strip()
    for name in TEXTS:
        if len(fitting.get(name, "")) > LONGEST_TEXT:
            raise Invalid(f"At most {LONGEST_TEXT:,} characters.", field=name)
    for name, known in (("modalities", Modality.values), ("capabilities", Capability.values)):
        if name in fitting:
            fitting[name] = _known(fitting[name], known, name)
    window = fitting.get("context_window_tokens")
    if window is not None and not 1 <= window <= LARGEST_WINDOW:
        raise Invalid("Give a whole number of tokens, at least 1.", field="context_window_tokens")
    return fitting


def _known(chosen: Sequence[str], known: Sequence[str], field: str) -> list[str]:
    """The chosen ones in the order in which they are listed."""
    if unknown := sorted(set(chosen) - set(known)):
        raise Invalid(f"There is no “{unknown[0][:60]}” here; there is {', '.join(known)}.", field=field)
    return [value for value in known if value in chosen]


def _explained(error: IntegrityError) -> Exception:
    return Invalid(TAKEN, field="family", code="name_taken") if "model_card_once" in str(error) else error
