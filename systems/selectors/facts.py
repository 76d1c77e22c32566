"""What is stated about a system, for rules and for its page of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from raiportal.accounts.models import ReviewKind
from systems.enums import Audience, Environment
from systems.models import AISystem
from systems.places import CATALOGUES, titles
from systems.selectors.activations import active_configurations

YES_OR_NO = {True: "Yes", False: "No"}


@dataclass(frozen=True)
class Fact:
    """One fact on the page: `said` is "" while nobody said it; `matters_for` names the reviews that will ask, and what else it is for."""

    name: str
    label: str
    said: str
    matters_for: str = ""


FACT_LABELS: dict[str, str] = {
    "domain": "Domain",
    "domain_stakes": "Stakes in the domain",
    "risk_tier": "Risk tier",
    "audience": "Who uses it",
    "autonomy": "How far it acts alone",
    "makes_consequential_decisions": "Consequential decisions",
    "reaches_minors": "Minors",
    "handles_personal_data": "Personal data",
    "generates_media": "Makes pictures, sound or video",
    "depicts_people": "Depicts real people",
    "acts_through_tools": "Acts through tools",
    "output_retention_days": "Outputs are kept for",
    "output_classification": "Classification of outputs",
    "jurisdictions": "Jurisdictions",
    "regions": "Regions",
    "languages": "Languages",
}
REVIEWS: dict[str, tuple[str, ...]] = {  # slugs of the kinds of review that ask for a fact
    "audience": ("responsible-ai", "accessibility"),
    "autonomy": ("responsible-ai",),
    "makes_consequential_decisions": ("legal", "responsible-ai"),
    "reaches_minors": ("legal", "privacy"),
    "handles_personal_data": ("privacy",),
    "generates_media": ("responsible-ai",),
    "depicts_people": ("legal", "responsible-ai"),
    "acts_through_tools": ("security",),
    "output_retention_days": ("privacy",),
    "output_classification": ("security", "privacy"),
    "jurisdictions": ("legal",),
    "regions": ("legal",),
    "languages": ("accessibility",),
}
BESIDE_REVIEWS = {
    "domain": "impact assessment",
    "domain_stakes": "impact assessment",
    "risk_tier": "every review: higher tiers need more of them",
    "generates_media": "disclosure of generated content",
    "jurisdictions": "notification deadlines",
    "languages": "measurement by language",
}
WITH_OTHERS = {"languages": "other_languages", "jurisdictions": "other_places"}  # facts that free text may state too


def facts_of(system: AISystem) -> dict[str, Any]:
    """What rules read, as plain values: None, "" and [] where nobody has said. `is_public` is None until the audience is stated.

    Beside every fact of the page: id, name, stage, owner (id), is_public, other_languages, other_places, and `active`, the ids of the configurations
    in force by environment.
    """
    active = active_configurations([system]).get(system.pk, {})
    return {
        **{name: getattr(system, name) for name in (*FACT_LABELS, *WITH_OTHERS.values())},
        "id": system.pk,
        "name": system.name,
        "stage": system.stage,
        "owner": system.owner_id,
        "is_public": system.audience == Audience.PUBLIC if system.audience else None,
        "active": {environment.value: [share.configuration_id for share in active.get(environment, ())] for environment in Environment},
    }


def stated_facts(system: AISystem) -> list[Fact]:
    """Every fact with what is said and why it matters, in the order of the page."""
    kinds = dict(ReviewKind.objects.filter(is_active=True).values_list("slug", "name"))
    return [Fact(name, label, _said(system, name), _matters_for(name, kinds)) for name, label in FACT_LABELS.items()]


def _matters_for(name: str, kinds: Mapping[str, str]) -> str:
    """The reviews that ask for a fact, by the names that the catalogue gives them, and what else it is for."""
    reviews = " and ".join(kinds[slug] for slug in REVIEWS.get(name, ()) if slug in kinds)
    beside = BESIDE_REVIEWS.get(name, "")
    if not reviews:
        return beside[:1].upper() + beside[1:]
    return f"{reviews} review; {beside}" if beside else f"{reviews} review"


def unstated_facts(system: AISystem) -> list[str]:
    """Labels of those that nobody has stated; costs no query."""
    return [label for name, label in FACT_LABELS.items() if not _is_stated(system, name)]


def _is_stated(system: AISystem, name: str) -> bool:
    if name in WITH_OTHERS and getattr(system, WITH_OTHERS[name]):
        return True
    return getattr(system, name) not in (None, "", [])


def _said(system: AISystem, name: str) -> str:
    value = getattr(system, name)
    if name in CATALOGUES:
        other = [getattr(system, WITH_OTHERS[name])] if name in WITH_OTHERS else []
        return ", ".join([*titles(CATALOGUES[name], value), *filter(None, other)])
    if name == "output_retention_days":
        return "" if value is None else f"{value:,}\u00a0day{'' if value == 1 else 's'}"
    if isinstance(value, bool):
        return YES_OR_NO[value]
    shown = getattr(system, f"get_{name}_display", None)
    return str(shown() if shown else value or "")
