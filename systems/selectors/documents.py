"""Model cards and documents, and who has read which of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from raiportal.accounts.models import User
from systems.models import Acknowledgement, AISystem, Deployment, Document, ModelCard


@dataclass(frozen=True)
class Reading:
    """One document with those who read the version that holds; `mine` is this person's word for it, `before` the newest older version they read."""

    document: Document
    readers: tuple[Acknowledgement, ...]
    mine: Acknowledgement | None
    before: str


def model_cards(user: User, *, archived: bool = False) -> QuerySet[ModelCard]:
    """By developer and name, with how many deployments and documents each has."""
    counted = {"deployment_count": Count("deployments", distinct=True), "document_count": _documents("documents")}
    cards = ModelCard.objects.visible_to(user).filter(archived_at__isnull=not archived).annotate(**counted)
    return cards.order_by(Lower("developer"), Lower("family"), Lower("version"), "pk")  # type: ignore[no-any-return]


def _documents(path: str) -> Count:
    return Count(path, filter=Q(**{f"{path}__archived_at": None}), distinct=True)


def cards_to_choose(*, kept: int | None = None) -> QuerySet[ModelCard]:
    """Those in force, and the one that a deployment has already."""
    return ModelCard.objects.filter(Q(archived_at=None) | Q(pk=kept)).order_by(Lower("developer"), Lower("family"), Lower("version"), "pk")  # type: ignore[no-any-return]


def documents_of(deployment: Deployment) -> QuerySet[Document]:
    """Its own and those of its model's card."""
    own = Q(deployment=deployment)
    return _in_force(own | Q(model_card=deployment.model_card_id) if deployment.model_card_id else own)


def documents_of_card(card: ModelCard) -> QuerySet[Document]:
    return _in_force(Q(model_card=card))


def _in_force(which: Q) -> QuerySet[Document]:
    return Document.objects.filter(which, archived_at=None).select_related("model_card", "deployment").order_by("kind", Lower("title"), "pk")  # type: ignore[no-any-return]


def readings(documents: Iterable[Document], user: User) -> list[Reading]:
    """Each with who read what; one query for all."""
    shown = list(documents)
    told: dict[int, list[Acknowledgement]] = defaultdict(list)
    for row in Acknowledgement.objects.filter(document__in=shown).select_related("created_by").order_by("pk"):
        told[row.document_id].append(row)
    return [_reading(document, told[document.pk], user) for document in shown]


def _reading(document: Document, told: list[Acknowledgement], user: User) -> Reading:
    own = [row for row in told if row.created_by_id == user.pk]
    mine = next((row for row in own if row.version == document.version), None)
    before = next((row.version for row in reversed(own) if row.version != document.version), "")
    return Reading(document, tuple(row for row in told if row.version == document.version), mine, before)


def unread_by_owner(systems: Sequence[AISystem]) -> dict[int, list[Document]]:
    """By system id, of those whose switched-on deployments or their cards have documents: which of these, in the version in force, the system's owner
    hasn't read. Three queries."""
    owners = {system.pk: system.owner_id for system in systems}
    deployments = list(Deployment.objects.filter(system__in=owners, is_active=True))
    documents = list(_in_force(Q(deployment__in=deployments) | Q(model_card__in={row.model_card_id for row in deployments if row.model_card_id})))
    people = {owner for owner in owners.values() if owner}
    said = set(Acknowledgement.objects.filter(document__in=documents, created_by__in=people).values_list("document_id", "version", "created_by_id"))
    unread: dict[int, list[Document]] = {}
    for document in documents:
        for system_id in sorted({row.system_id for row in deployments if _goes_with(document, row)}):
            unread.setdefault(system_id, [])
            if (document.pk, document.version, owners[system_id]) not in said:
                unread[system_id].append(document)
    return unread


def _goes_with(document: Document, deployment: Deployment) -> bool:
    if document.deployment_id is not None:
        return document.deployment_id == deployment.pk
    return document.model_card_id == deployment.model_card_id
