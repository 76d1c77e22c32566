"""What pages and rules read of systems: where they stand, what comes next, which configuration still matches."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from raiportal.accounts.enums import Role
from systems import actions, selectors, snapshots
from systems.extensions import Standing, Step
from systems.models import AISystem, Configuration, Deployment
from tests.factories.accounts import make_user
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> AISystem:
    return make_system()


def words(system: AISystem, stage: str) -> list[str]:
    stated = selectors.standings([system], system.owner)[system.pk]
    return [standing.words for standing in stated[stage] if standing.state != "holds"]


def test_new_system_lacks_facts_and_a_deployment(system: AISystem) -> None:
    assert "16 of 16 facts not stated" in words(system, "identify")
    assert "No deployment can be called" in words(system, "measure")


def test_stated_facts_and_a_deployment_hold(system: AISystem) -> None:
    facts: dict[str, Any] = {"audience": "staff", "autonomy": "suggests", "other_languages": "English", "other_places": "Ireland", "regions": ["europe"]}
    facts |= {"domain": "Health care", "domain_stakes": "Wrong doses.", "risk_tier": "high", "output_retention_days": 30, "output_classification": "secret"}
    flags = {"handles_personal_data": True, "reaches_minors": False, "makes_consequential_decisions": True}
    flags |= {"generates_media": False, "depicts_people": False, "acts_through_tools": False}
    stated = actions.edit_system(system_id=system.pk, actor=system.owner, **facts, **flags)
    deployment = make_deployment(system)

    assert not any("facts" in lack for lack in words(stated, "identify"))
    assert "No deployment can be called" not in words(stated, "measure")

    actions.switch_off_deployment(deployment_id=deployment.pk, reason="Contract ended.", actor=system.owner)
    assert "No deployment can be called" in words(stated, "measure")


def test_next_steps_are_the_three_most_urgent_of_what_does_not_hold() -> None:
    def standing(rank: int, state: Any = "missing") -> Standing:
        return Standing(state, f"rank {rank}", step=Step(f"step {rank}", "", "", "", rank))

    by_stage = {"measure": [standing(3), standing(1), standing(0, "holds")], "identify": [standing(4, "stale"), standing(2)]}

    assert [step.rank for step in selectors.next_steps(by_stage)] == [1, 2, 3]


def test_stage_counts_what_holds_and_names_two_lacks() -> None:
    by_stage = {"identify": [Standing("holds", "a"), Standing("missing", "b", "/b/"), Standing("stale", "c"), Standing("missing", "d")]}

    (stage,) = selectors.strip_of(by_stage)

    assert (stage.holds, stage.stale, stage.missing, stage.total, stage.url) == (1, 1, 2, 4, "/b/")
    assert [lack.words for lack in stage.lacks] == ["b", "c"]


@pytest.mark.parametrize("change", [{"model": "large"}, {"base_url": "http://127.0.0.1:9/v2"}])
def test_configuration_stops_matching_when_the_endpoint_changes(system: AISystem, change: dict[str, str]) -> None:
    deployment = make_deployment(system)
    old = selectors.first_configuration(deployment)

    actions.edit_deployment(deployment_id=deployment.pk, actor=system.owner, **change)  # type: ignore[arg-type]

    assert not selectors.endpoint_still_matches(Configuration.objects.get(pk=old.pk))
    assert selectors.endpoint_still_matches(selectors.first_configuration(Deployment.objects.get(pk=deployment.pk)))


def test_first_configurations_of_many_deployments_cost_one_query(system: AISystem, django_assert_num_queries: Any) -> None:
    deployments = [make_deployment(system) for _ in range(4)]

    with django_assert_num_queries(1):
        found = selectors.first_configurations(deployments)

    assert set(found) == {deployment.pk for deployment in deployments}


def test_portfolio_is_what_somebody_may_see_without_the_retired(system: AISystem) -> None:
    retired = make_system()
    manager = make_user(Role.RISK_MANAGER)
    actions.retire_system(system_id=retired.pk, reason="Replaced.", actor=manager)

    assert list(selectors.portfolio(system.owner)) == [system]
    assert list(selectors.portfolio(manager)) == [system]
    assert list(selectors.portfolio(manager, retired=True)) == [retired]
    assert list(selectors.portfolio(make_user())) == []


@override_settings(ENDPOINT_ALLOWLIST=["models.internal"], SANDBOX_URL="http://127.0.0.1:8101/v1")
def test_simulator_is_always_on_the_allowlist() -> None:
    assert snapshots.allowlist() == ("models.internal", "127.0.0.1:8101")


@override_settings(ENDPOINT_ALLOWLIST=[], SANDBOX_URL="")
def test_without_a_simulator_only_what_was_listed_may_be_called() -> None:
    assert snapshots.allowlist() == ()
