"""Endpoints, metaprompt and filter versions, and the configurations that freeze them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, QuerySet
from django.db.models.functions import Lower

from systems import snapshots
from systems.models import AISystem, Configuration, Deployment, FilterConfiguration, MetapromptVersion


def endpoint_still_matches(configuration: Configuration) -> bool:
    """Whether the deployment still is what the configuration froze, so that calls for it may use the deployment's key."""
    return snapshots.frozen_endpoint(configuration.snapshot) == snapshots.endpoint_of(configuration.deployment)


def first_configuration(deployment: Deployment) -> Configuration:
    """The oldest configuration that matches the endpoint as it is now: the one that was made by itself. There always is one."""
    return first_configurations([deployment])[deployment.pk]


def first_configurations(deployments: Sequence[Deployment]) -> dict[int, Configuration]:
    """By deployment id, in one query."""
    found: dict[int, Configuration] = {}
    by_id = {deployment.pk: deployment for deployment in deployments}
    for configuration in Configuration.objects.filter(deployment__in=by_id).order_by("pk"):
        configuration.deployment = by_id[configuration.deployment_id]
        if configuration.deployment_id not in found and endpoint_still_matches(configuration):
            found[configuration.deployment_id] = configuration
    return found


def newest_matching_configuration(deployment: Deployment) -> Configuration | None:
    newest_first = Configuration.objects.filter(deployment=deployment).select_related("deployment", "metaprompt", "filters").order_by("-pk")
    return next(filter(endpoint_still_matches, newest_first), None)


def newest_configuration_id(deployment: Deployment) -> int | None:
    return Configuration.objects.filter(deployment=deployment).order_by("-pk").values_list("pk", flat=True).first()


def deployments_of(system: AISystem | None) -> QuerySet[Deployment]:
    return Deployment.objects.filter(system=system).annotate(configuration_count=Count("configurations")).order_by("-is_active", Lower("name"), "pk")


def shared_deployments() -> QuerySet[Deployment]:
    """Those of the organisation that are switched on: every system may be judged by them and measure them, whoever may open their pages."""
    return Deployment.objects.filter(system=None, is_active=True).order_by(Lower("name"), "pk")


def configurations_of(system: AISystem) -> QuerySet[Configuration]:
    return Configuration.objects.filter(system=system).select_related("deployment", "metaprompt", "filters", "created_by").order_by("-pk")


def metaprompt_versions_of(system: AISystem) -> QuerySet[MetapromptVersion]:
    return MetapromptVersion.objects.filter(system=system).select_related("created_by").order_by("-number")


def latest_metaprompt(system: AISystem) -> MetapromptVersion | None:
    return metaprompt_versions_of(system).first()


def filter_configurations_of(system: AISystem) -> QuerySet[FilterConfiguration]:
    return FilterConfiguration.objects.filter(system=system).select_related("created_by").order_by("-number")
