"""Addresses of systems, deployments, metaprompts and configurations."""

from __future__ import annotations

from django.urls import path

from systems.views import configurations, deployments, metaprompts, people, portfolio, systems

urlpatterns = [
    path("", portfolio.portfolio, name="portfolio"),
    path("systems/add/", systems.system_add, name="system-add"),
    path("systems/<int:system_id>/", systems.system, name="system"),
    path("systems/<int:system_id>/edit/", systems.system_edit, name="system-edit"),
    path("systems/<int:system_id>/retire/", systems.system_retire, name="system-retire"),
    path("systems/<int:system_id>/bring-back/", systems.system_bring_back, name="system-bring-back"),
    path("systems/<int:system_id>/people/", people.system_people, name="system-people"),
    path("systems/<int:system_id>/people/<int:membership_id>/take/", people.system_role_take, name="system-role-take"),
    path("systems/<int:system_id>/deployments/", deployments.deployment_list, name="deployment-list"),
    path("systems/<int:system_id>/deployments/add/", deployments.deployment_add, name="deployment-add"),
    path("settings/deployments/", deployments.organisation_deployment_list, name="organisation-deployment-list"),
    path("settings/deployments/add/", deployments.organisation_deployment_add, name="organisation-deployment-add"),
    path("settings/deployments/configurations/add/", configurations.organisation_configuration_add, name="organisation-configuration-add"),
    path("deployments/<int:deployment_id>/", deployments.deployment, name="deployment"),
    path("deployments/<int:deployment_id>/edit/", deployments.deployment_edit, name="deployment-edit"),
    path("deployments/<int:deployment_id>/test/", deployments.deployment_test, name="deployment-test"),
    path("deployments/<int:deployment_id>/switch-off/", deployments.deployment_switch_off, name="deployment-switch-off"),
    path("deployments/<int:deployment_id>/switch-on/", deployments.deployment_switch_on, name="deployment-switch-on"),
    path("systems/<int:system_id>/metaprompts/", metaprompts.metaprompt_list, name="metaprompt-list"),
    path("systems/<int:system_id>/metaprompts/add/", metaprompts.metaprompt_add, name="metaprompt-add"),
    path("metaprompts/<int:metaprompt_id>/", metaprompts.metaprompt, name="metaprompt"),
    path("systems/<int:system_id>/configurations/", configurations.configuration_list, name="configuration-list"),
    path("systems/<int:system_id>/configurations/add/", configurations.configuration_add, name="configuration-add"),
    path("configurations/<int:configuration_id>/", configurations.configuration, name="configuration"),
]
