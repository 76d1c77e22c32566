"""The harm library beside one system: which of its entries fit, and which are on the register already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harms.models import Harm
from raiportal.catalogues import selectors as catalogue_selectors
from raiportal.catalogues.models import CatalogueEntry
from systems.enums import Capability
from systems.models import AISystem, Deployment

LIBRARY = "harm-library"
EVERY_DOMAIN = "any"


@dataclass(frozen=True)
class Offer:
    """One entry of the library. `fits` says why it is offered first: a capability of the system's models, its domain; () when nothing is known."""

    entry: CatalogueEntry
    fits: tuple[str, ...]
    harm: Harm | None

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = self.entry.body
        return body

    @property
    def capabilities(self) -> str:
        return ", ".join(str(Capability(name).label).lower() for name in self.body["capabilities"])


def library_entry(slug: str) -> CatalogueEntry | None:
    return catalogue_selectors.entry(LIBRARY, slug)


def library_titles() -> dict[str, str]:
    return catalogue_selectors.titles(LIBRARY)


def capabilities_of(system: AISystem) -> set[str]:
    """What the models of its deployments can do, as far as model cards say."""
    listed = Deployment.objects.filter(system=system, is_active=True, model_card__isnull=False).values_list("model_card__capabilities", flat=True)
    return {capability for capabilities in listed for capability in capabilities}


def offers(system: AISystem, *, words: str = "", capability: str = "", domain: str = "", category: str = "") -> list[Offer]:
    """Entries of the library, those that fit the system first, in the order of the library; a fixed number of queries."""
    known = capabilities_of(system)
    taken = {harm.library_entry: harm for harm in Harm.objects.filter(system=system).exclude(library_entry="").order_by("-pk")}
    found = [
        Offer(entry, _fits(entry.body, known, system.domain), taken.get(entry.slug))
        for entry in catalogue_selectors.entries(LIBRARY)
        if _is_asked_for(entry, words, capability, domain, category)
    ]
    return sorted(found, key=lambda offer: -len(offer.fits))


def _fits(body: dict[str, Any], capabilities: set[str], domain: str) -> tuple[str, ...]:
    shared = [str(Capability(name).label).lower() for name in body["capabilities"] if name in capabilities]
    said = domain.casefold()
    return (*shared, *(name for name in body["domains"] if name.replace("-", " ") in said))


def _is_asked_for(entry: CatalogueEntry, words: str, capability: str, domain: str, category: str) -> bool:
    body = entry.body
    if capability and capability not in body["capabilities"]:
        return False
    if domain and domain not in body["domains"] and EVERY_DOMAIN not in body["domains"]:
        return False
    if category and category != body["category"]:
        return False
    text = " ".join((entry.title, body["description"], *body["example_signs"], *body["uses"])).casefold()
    return all(word in text for word in words.casefold().split())
