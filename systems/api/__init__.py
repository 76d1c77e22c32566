"""The API of systems: what they are for, endpoints and configurations, what is active, models and their documents. One router for all of them."""

from __future__ import annotations

from raiportal.api.urls import BothSlashes
from systems.api import activations, configurations, deployments, model_cards, roles, systems, uses

router = BothSlashes()
router.register("systems", systems.Systems, basename="api-system")
router.register("roles", roles.Roles, basename="api-role")
router.register("intended-uses", uses.IntendedUses, basename="api-intended-use")
router.register("stakeholders", uses.Stakeholders, basename="api-stakeholder")
router.register("deployments", deployments.Deployments, basename="api-deployment")
router.register("metaprompt-versions", configurations.MetapromptVersions, basename="api-metaprompt-version")
router.register("filter-configurations", configurations.FilterConfigurations, basename="api-filter-configuration")
router.register("configurations", configurations.Configurations, basename="api-configuration")
router.register("activations", activations.Activations, basename="api-activation")
router.register("emergency-activations", activations.EmergencyActivations, basename="api-emergency-activation")
router.register("model-cards", model_cards.ModelCards, basename="api-model-card")
router.register("documents", model_cards.Documents, basename="api-document")
urlpatterns = router.urls
