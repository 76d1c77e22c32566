"""Known harms to consider: entries of the library that fit a system and that nobody has taken over or dismissed.

They are worked out from rows each time, so a deployment or an intended use that was added a moment ago brings its harms at once. A harm of the model
itself is offered for each model by its name: the same harm on two models is two assessments.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from harms.enums import Origin
from harms.models import Harm, LibraryDismissal
from harms.selectors.library import EVERY_DOMAIN, LIBRARY
from raiportal.catalogues import selectors as catalogue_selectors
from raiportal.catalogues.models import CatalogueEntry
from systems.enums import Audience, Capability
from systems.models import AISystem, Deployment, IntendedUse

CHILDREN = "children"  # the domain of the library that minors belong to
PUBLIC = frozenset({Audience.PUBLIC, Audience.CUSTOMERS})
SAYS_PUBLIC = re.compile(r"\b(public|customers?|visitors?|guests?|readers?|users?)\b")
WORD = re.compile(r"[a-z]{5,}")  # shorter words say too little about a use
LEAST_SHARED = 2  # words of a use in the library that a use of the system has to share


@dataclass(frozen=True)
class KnownHarm:
    """One entry that fits, and why, in words. `model_name` says which model it is offered for; "" for harms that aren't the model's own."""

    entry: CatalogueEntry
    model_name: str
    fits: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.entry.slug, self.model_name

    def is_among(self, done: set[tuple[str, str]]) -> bool:
        """Whether it was taken over or dismissed: for this model, or without naming one."""
        return self.key in done or (self.entry.slug, "") in done

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = self.entry.body
        return body


@dataclass
class _Known:
    """What is known of one system."""

    capabilities: dict[str, set[str]] = field(default_factory=dict)  # by model's name
    uses: list[IntendedUse] = field(default_factory=list)
    done: set[tuple[str, str]] = field(default_factory=set)  # entries taken over or dismissed, by model


def known_harms(system: AISystem) -> list[KnownHarm]:
    """What is offered to one system, those with most reasons first."""
    return known_harms_of([system])[system.pk]


def known_harms_of(systems: Sequence[AISystem]) -> dict[int, list[KnownHarm]]:
    """By system id; five queries."""
    known = _known_of(systems)
    entries = catalogue_selectors.entries(LIBRARY)
    offered: dict[int, list[KnownHarm]] = {}
    for system in systems:
        found = [offer for entry in entries for offer in _offers(entry, system, known[system.pk])]
        offered[system.pk] = sorted((offer for offer in found if not offer.is_among(known[system.pk].done)), key=lambda offer: -len(offer.fits))
    return offered


def dismissals_of(system: AISystem) -> QuerySet[LibraryDismissal]:
    """What was dismissed and not taken back, newest first."""
    return LibraryDismissal.objects.filter(system=system, taken_back_at=None).select_related("created_by").order_by("-pk")  # type: ignore[no-any-return]


def _known_of(systems: Sequence[AISystem]) -> dict[int, _Known]:
    known: dict[int, _Known] = defaultdict(_Known)
    deployed = Deployment.objects.filter(system__in=systems, is_active=True).select_related("model_card").order_by("pk")
    for deployment in deployed:
        held = known[deployment.system_id or 0].capabilities.setdefault(_model_of(deployment), set())
        held.update(deployment.model_card.capabilities if deployment.model_card else ())
    for use in IntendedUse.objects.filter(system__in=systems, archived_at=None, is_supported=True).order_by("number"):
        known[use.system_id].uses.append(use)
    taken = Harm.objects.filter(system__in=systems).exclude(library_entry="").values_list("system_id", "library_entry", "model_name")
    dismissed = LibraryDismissal.objects.filter(system__in=systems, taken_back_at=None).values_list("system_id", "entry", "model_name")
    for system_id, entry, model_name in (*taken, *dismissed):
        known[system_id].done.add((entry, model_name))
    return known


def _model_of(deployment: Deployment) -> str:
    """The model's family and version where its card says so: two deployments of one model bring one assessment."""
    card = deployment.model_card
    return f"{card.family} {card.version}".strip() if card else deployment.model or deployment.name


def _offers(entry: CatalogueEntry, system: AISystem, known: _Known) -> Iterator[KnownHarm]:
    around = _of_the_system(entry.body, system, known.uses)
    if not around:
        return
    wanted = set(entry.body["capabilities"])
    if entry.body["origin"] != Origin.MODEL:
        shared = wanted & set().union(*known.capabilities.values()) if known.capabilities else set()
        if (reasons := (*_capable("its models", shared), *filter(None, around))) and _is_enough(shared, around):
            yield KnownHarm(entry, "", reasons)
        return
    for model_name, capabilities in known.capabilities.items():
        if shared := wanted & capabilities:
            yield KnownHarm(entry, model_name[:120], (*_capable(model_name, shared), *filter(None, around)))


def _is_enough(shared: set[str], around: Sequence[str]) -> bool:
    """What anybody's system may do fits by what its models can do; without a shared capability it takes the domain, the audience or a use."""
    return bool(shared) or any(around)


def _capable(whose: str, shared: set[str]) -> tuple[str, ...]:
    words = [str(Capability(name).label).lower() for name in sorted(shared)]
    return (f"{whose}: {', '.join(words)}",) if words else ()


def _of_the_system(body: dict[str, Any], system: AISystem, uses: Sequence[IntendedUse]) -> tuple[str, ...]:
    """Why its domain, audience and uses fit: () when the entry is of another domain; ("",) when it is of every domain and nothing more speaks for it."""
    said = f"{system.domain} {system.purpose}".casefold()
    domains = [name for name in body["domains"] if name != EVERY_DOMAIN and name.replace("-", " ") in said]
    minors = system.reaches_minors and CHILDREN in body["domains"]
    if EVERY_DOMAIN not in body["domains"] and not domains and not minors:
        return ()
    reasons = [f"domain: {name.replace('-', ' ')}" for name in domains]
    if minors:
        reasons.append("audience: minors")
    if system.audience in PUBLIC and SAYS_PUBLIC.search(" ".join(body.get("stakeholders", ())).casefold()):
        reasons.append(f"audience: {Audience(system.audience).label.lower()}")
    reasons += [f"use: {use.code} {use.title}" for use in uses if _shares_words(use, body.get("uses", ()))]
    return tuple(reasons) or ("",)


def _shares_words(use: IntendedUse, phrases: Sequence[str]) -> bool:
    said = set(WORD.findall(f"{use.title} {use.description}".casefold()))
    return any(len(words & said) >= min(LEAST_SHARED, len(words)) for phrase in phrases if (words := set(WORD.findall(phrase.casefold()))))
