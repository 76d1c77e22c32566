"""What measuring requires of a system, for one system and for many at the same cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements import facts
from raiportal.accounts.enums import Role
from systems.extensions import Standing
from systems.models import AISystem
from tests.factories import measurements as factories
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


def standing(fact: facts.ReadinessFact, system: AISystem) -> Standing:
    (found,) = fact.load([system], make_user(Role.AUDITOR))[system.pk]
    return found


def test_cases_are_missing_until_a_set_has_some() -> None:
    system = make_system()
    factories.make_set(system)

    before = standing(facts.CASES, system)
    factories.make_set(system, cases=["one"])

    assert (before.state, before.step is not None) == ("missing", True)
    assert standing(facts.CASES, system).state == "holds"


def test_every_harm_needs_a_metric() -> None:
    system = make_system()
    first, second = make_harm(system), make_harm(system)

    none = standing(facts.METRICS, system)
    factories.make_metric(system, harm=second)
    some = standing(facts.METRICS, system)
    factories.make_metric(system, harm=first)

    assert none.words == "No metric"
    assert some.words == "1 of 2 harms without a metric"
    assert some.step is not None
    assert some.step.url.endswith(f"?harm={first.pk}")
    assert standing(facts.METRICS, system).state == "holds"


@pytest.mark.parametrize("fact", [facts.CASES, facts.METRICS])
def test_facts_of_many_systems_cost_no_more_than_of_one(fact: facts.ReadinessFact) -> None:
    systems = [make_system() for _ in range(5)]
    for system in systems:
        make_harm(system)
        factories.make_metric(system)
    user = make_user(Role.AUDITOR)

    with CaptureQueriesContext(connection) as one:
        fact.load(systems[:1], user)
    with CaptureQueriesContext(connection) as many:
        found = fact.load(systems, user)

    assert len(one) == len(many)
    assert set(found) == {system.pk for system in systems}
