"""What must hold of every order of configurations, however urgent: these checks of our own are never passed over."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from raiportal.accounts.models import User
from systems.enums import Environment
from systems.extensions import ActivationCheck, CheckResult, Share
from systems.models import AISystem, Configuration
from systems.snapshots import endpoint_of, frozen_endpoint

WHOLE = 100  # percent


def _whole(system: AISystem, environment: Environment, shares: Sequence[Share], user: User) -> list[CheckResult]:
    total = sum(share.percent for share in shares)
    found = [CheckResult(total == WHOLE, f"The shares add up to {total}\u00a0%." if total != WHOLE else "The shares add up to 100\u00a0%.")]
    if any(not 1 <= share.percent <= WHOLE for share in shares):
        found.append(CheckResult(False, "Each share is a whole number from 1 to 100."))
    if len({share.configuration.pk for share in shares}) != len(shares):
        found.append(CheckResult(False, "A configuration stands in the order once."))
    return found


def _own(system: AISystem, environment: Environment, shares: Sequence[Share], user: User) -> list[CheckResult]:
    return [_owned(system, share.configuration) for share in shares]


def _owned(system: AISystem, configuration: Configuration) -> CheckResult:
    if configuration.system_id == system.pk:
        return CheckResult(True, f"{configuration.code} belongs to this system.", _url(configuration))
    return CheckResult(False, "A configuration of another system or of the organisation can't be active here.")


def _callable(system: AISystem, environment: Environment, shares: Sequence[Share], user: User) -> list[CheckResult]:
    return [_switched_on(share.configuration) for share in shares]


def _switched_on(configuration: Configuration) -> CheckResult:
    deployment = configuration.deployment
    url = reverse("deployment", args=[deployment.pk])
    if not deployment.is_active:
        return CheckResult(False, f"The deployment {deployment.name} of {configuration.code} is switched off.", url)
    if frozen_endpoint(configuration.snapshot) != endpoint_of(deployment):
        return CheckResult(False, f"The deployment {deployment.name} isn't what {configuration.code} froze any more.", url)
    return CheckResult(True, f"The deployment of {configuration.code} is switched on and still what was frozen.", url)


def _in_production(system: AISystem, environment: Environment, shares: Sequence[Share], user: User) -> list[CheckResult]:
    if environment != Environment.PRODUCTION:
        return []
    return [_for_production(share.configuration) for share in shares]


def _for_production(configuration: Configuration) -> CheckResult:
    deployment = configuration.deployment
    url = reverse("deployment", args=[deployment.pk])
    if deployment.environment == Environment.PRODUCTION:
        return CheckResult(True, f"The deployment of {configuration.code} is marked production.", url)
    return CheckResult(False, f"The deployment {deployment.name} of {configuration.code} is marked {deployment.get_environment_display().lower()}.", url)


def _url(configuration: Configuration) -> str:
    return reverse("configuration", args=[configuration.pk])


CHECKS = (
    ActivationCheck("whole", "Shares", _whole, is_integrity=True, order=0),
    ActivationCheck("own", "Configurations of this system", _own, is_integrity=True, order=1),
    ActivationCheck("callable", "Deployments as they were frozen", _callable, is_integrity=True, order=2),
    ActivationCheck("production", "Deployments marked production", _in_production, is_integrity=True, order=3),
)
