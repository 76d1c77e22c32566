"""Appetite: the organisation's, a system's instead of it, and which harms are above it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from harms import actions, selectors
from harms.models import Appetite, Harm, HarmCategory
from harms.on_ratings import FACT
from raiportal.accounts.enums import Role
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


def confabulation() -> HarmCategory:
    return HarmCategory.objects.get(slug="confabulation")


def set_to(score: int | None, system: AISystem | None = None, reason: str = "Agreed by the board.") -> Appetite:
    return actions.set_appetite(category=confabulation(), system=system, highest_score=score, reason=reason, actor=make_user(Role.RISK_MANAGER))


def above(system: AISystem) -> list[int]:
    return list(Harm.objects.filter(system=system).filter(selectors.above_appetite()).values_list("priority", flat=True))


def test_nothing_is_above_what_nobody_set(system: AISystem) -> None:
    make_harm(system, assessed=(5, 5))

    assert above(system) == []
    assert selectors.above_counts([system]) == {}


def test_system_bears_more_or_less_than_the_organisation(system: AISystem) -> None:
    other = make_system()
    for one in (system, other):
        make_harm(one, assessed=(3, 3))
        make_harm(one, assessed=(4, 4))
    set_to(9)
    set_to(16, other)

    assert (above(system), above(other)) == ([16], [])
    set_to(None, other)
    assert above(other) == [16]


def test_change_is_a_ledger_entry_with_its_reason(system: AISystem) -> None:
    set_to(9)
    set_to(6, reason="After the incident.")
    set_to(6, reason="Again.")

    entries = Entry.objects.filter(action="harms.appetite_set").order_by("pk")
    assert [entry.payload.body["changes"]["highest_score"] for entry in entries] == [[None, 9], [9, 6]]
    assert entries.last().payload.body["reason"] == "After the incident."  # type: ignore[union-attr]


def test_only_risk_managers_say_how_much_is_borne(system: AISystem) -> None:
    for role, scope in ((Role.ADMINISTRATOR, None), (Role.OWNER, system.scope), (Role.AUDITOR, None)):
        with pytest.raises(PolicyDenied):
            actions.set_appetite(category=confabulation(), system=system, highest_score=9, reason="Why", actor=make_user(role, scope=scope))
    with pytest.raises(Invalid):
        set_to(26)
    with pytest.raises(Invalid):
        set_to(5, reason=" ")


def test_register_flags_and_filters_what_is_above(system: AISystem) -> None:
    low, high = make_harm(system, title="A harm below", assessed=(2, 2)), make_harm(system, title="A harm beyond", assessed=(4, 4))
    set_to(9)
    browser = Client()
    browser.force_login(make_user(Role.OWNER, scope=system.scope))

    whole, filtered = (browser.get(f"{reverse('harm-list', args=[system.pk])}{query}").text for query in ("", "?appetite=above"))
    within = browser.get(f"{reverse('harm-list', args=[system.pk])}?appetite=within").text

    assert whole.count("Above appetite</span>") == 1
    assert (low.title in filtered, high.title in filtered) == (False, True)
    assert (low.title in within, high.title in within) == (True, False)
    page = browser.get(reverse("harm", args=[high.pk])).text
    assert "16 is more than the 9 that" in " ".join(page.split())
    assert [standing.words for standing in FACT.load([system], make_user(Role.RISK_MANAGER))[system.pk]] == ["1 harm is above appetite"]
