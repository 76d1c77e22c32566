"""Frozen states of a register, and what differs between two."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from harms import actions, selectors
from harms.models import Baseline
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, PolicyDenied
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> AISystem:
    return make_system()


@pytest.fixture
def manager() -> User:
    return make_user(Role.RISK_MANAGER)


def test_keeps_every_harm_with_its_levels_and_its_digest(system: AISystem, manager: User) -> None:
    harm = make_harm(system, assessed=(4, 3), actor=manager)

    baseline = actions.make_baseline(system=system, title="Before the pilot", reason="The pilot starts.", actor=manager)

    assert [(row["code"], row["score"], row["levels"]) for row in baseline.content["harms"]] == [(harm.code, 12, {"": {"inherent": [4, 3]}})]
    assert (baseline.number, baseline.harm_count, baseline.content["scale_version"]) == (1, 1, selectors.current_scale().version)
    baseline.refresh_from_db()
    assert baseline.digest == actions.digest_of(baseline.content)
    assert Entry.objects.filter(action="harms.baseline_made", subject_id=baseline.pk, actor=manager).count() == 1


def test_needs_a_name_and_a_right(system: AISystem, manager: User) -> None:
    with pytest.raises(Invalid):
        actions.make_baseline(system=system, title=" ", actor=manager)
    with pytest.raises(PolicyDenied):
        actions.make_baseline(system=system, title="Mine", actor=make_user(Role.VIEWER, scope=system.scope))
    assert not Baseline.objects.exists()


def test_portal_makes_one_by_itself(system: AISystem) -> None:
    assert actions.make_baseline(system=system, title="Before the scale changed", actor=User.system()).made_by == User.system()


def test_stays_as_it_was_made(system: AISystem, manager: User) -> None:
    baseline = actions.make_baseline(system=system, title="Kept", actor=manager)

    with pytest.raises(DatabaseError), transaction.atomic():
        Baseline.objects.filter(pk=baseline.pk).update(title="Changed")
    with pytest.raises(DatabaseError), transaction.atomic():
        Baseline.objects.filter(pk=baseline.pk).delete()


def test_difference_names_new_harms_and_what_changed(system: AISystem, manager: User) -> None:
    known = make_harm(system, assessed=(4, 3), actor=manager, title="Invented dose")
    make_harm(system, actor=manager, title="Nothing happens to it")
    before = actions.make_baseline(system=system, title="Before", actor=manager)
    actions.assess_harm(harm_id=known.pk, severity=5, frequency=3, rationale="Seen twice.", actor=manager)
    actions.edit_harm(harm_id=known.pk, title="Invented doses", actor=manager)
    added = make_harm(system, actor=manager, title="Leaks an address")

    found = selectors.difference(before.content, selectors.content_of(system))

    assert [(row.what, row.code) for row in found] == [("changed", known.code), ("added", added.code)]
    changes = {change.label: (change.before, change.after) for change in found[0].changes}
    assert changes["Title"] == ("Invented dose", "Invented doses")
    assert changes["Score"] == ("12", "15")
    assert changes["Inherent risk"] == ("12 (severity 4 × frequency 3)", "15 (severity 5 × frequency 3)")


def test_nothing_differs_from_itself(system: AISystem, manager: User) -> None:
    make_harm(system, assessed=(2, 2), actor=manager)
    baseline = actions.make_baseline(system=system, title="Now", actor=manager)
    baseline.refresh_from_db()

    assert selectors.difference(baseline.content, selectors.content_of(system)) == []


def test_costs_the_same_for_three_harms_and_for_thirty(system: AISystem, manager: User, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        make_harm(system, assessed=(2, 2), actor=manager)
    with django_assert_num_queries(5):
        selectors.content_of(system)
    for _ in range(27):
        make_harm(system, assessed=(2, 2), actor=manager)
    with django_assert_num_queries(5):
        selectors.content_of(system)


@pytest.mark.django_db(transaction=True)
def test_two_made_at_once_get_different_numbers() -> None:
    system, manager = make_system(), make_user(Role.RISK_MANAGER)
    barrier, numbers = threading.Barrier(2), []

    def make() -> None:
        try:
            barrier.wait()
            numbers.append(actions.make_baseline(system=system, title="At once", actor=User.objects.get(pk=manager.pk)).number)
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == [1, 2]
