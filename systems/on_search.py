"""What search finds of systems. Keys, addresses of endpoints and the words of metaprompts are not searched."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.work.rows import RowSearch, row_source
from raiportal.work.sources import Hit
from raiportal.work.text import document
from systems.models import (
    AISystem,
    Configuration,
    Deployment,
    Document,
    FilterConfiguration,
    IntendedUse,
    MetapromptVersion,
    ModelCard,
    Stakeholder,
)


def _systems(user: User) -> QuerySet[AISystem]:
    return AISystem.objects.overview_visible_to(user)  # type: ignore[no-any-return]


def _system(system: AISystem) -> Hit:
    return Hit(system.name, reverse("system", args=[system.pk]))


def _deployments(user: User) -> QuerySet[Deployment]:
    return Deployment.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _deployment(deployment: Deployment) -> Hit:
    return Hit(deployment.name, reverse("deployment", args=[deployment.pk]), deployment.system.name if deployment.system else "")


def _metaprompts(user: User) -> QuerySet[MetapromptVersion]:
    return MetapromptVersion.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _metaprompt(version: MetapromptVersion) -> Hit:
    title = f"{version}: {version.note}" if version.note else str(version)
    return Hit(title, reverse("metaprompt", args=[version.pk]), version.system.name)


def _configurations(user: User) -> QuerySet[Configuration]:
    return Configuration.objects.visible_to(user).select_related("system__scope", "deployment")  # type: ignore[no-any-return]


def _configuration(configuration: Configuration) -> Hit:
    title = configuration.note or f"Configuration of {configuration.deployment.name}"
    where = configuration.system.name if configuration.system else ""
    return Hit(title, reverse("configuration", args=[configuration.pk]), where, configuration.code)


def _uses(user: User) -> QuerySet[IntendedUse]:
    return IntendedUse.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _use(use: IntendedUse) -> Hit:
    return Hit(use.title, reverse("intended-use", args=[use.pk]), use.system.name)


def _stakeholders(user: User) -> QuerySet[Stakeholder]:
    return Stakeholder.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _stakeholder(stakeholder: Stakeholder) -> Hit:
    return Hit(stakeholder.name, reverse("stakeholder", args=[stakeholder.pk]), stakeholder.system.name)


def _filters(user: User) -> QuerySet[FilterConfiguration]:
    return FilterConfiguration.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _filter(version: FilterConfiguration) -> Hit:
    return Hit(str(version), reverse("filter", args=[version.pk]), version.system.name)


def _cards(user: User) -> QuerySet[ModelCard]:
    return ModelCard.objects.visible_to(user)  # type: ignore[no-any-return]


def _card(card: ModelCard) -> Hit:
    return Hit(str(card), reverse("model-card", args=[card.pk]))


def _documents(user: User) -> QuerySet[Document]:
    return Document.objects.visible_to(user).select_related("deployment__system__scope")  # type: ignore[no-any-return]


def _document(found: Document) -> Hit:
    system = found.deployment.system if found.deployment else None
    return Hit(found.title, reverse("document", args=[found.pk]), system.name if system else "")


CARD_TITLE = ("developer", "family", "version")
SOURCES = (
    row_source("systems", "Systems", RowSearch(_systems, document("scope__name", ("purpose", "domain")), _system, excerpt="purpose"), order=10),
    row_source("intended-uses", "Intended uses", RowSearch(_uses, document("title", ("description",)), _use, excerpt="description"), order=20),
    row_source("stakeholders", "Stakeholders", RowSearch(_stakeholders, document("name", ("description",)), _stakeholder, excerpt="description"), order=22),
    row_source("filters", "Filter versions", RowSearch(_filters, document(("name", "note")), _filter), order=63),
    row_source("model-cards", "Model cards", RowSearch(_cards, document(CARD_TITLE, ("known_limits", "alignment")), _card, excerpt="known_limits"), order=66),
    row_source("documents", "Documents", RowSearch(_documents, document("title"), _document), order=67),
    row_source("deployments", "Deployments", RowSearch(_deployments, document("name", ("model",)), _deployment), order=60),
    row_source("metaprompts", "Metaprompt versions", RowSearch(_metaprompts, document("note"), _metaprompt), order=62),
    row_source("configurations", "Configurations", RowSearch(_configurations, document("note"), _configuration, letters="C"), order=64),
)
