"""Every address is in the table of access, and every line of the table holds for everybody. SEC-01, SEC-02, SEC-06."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLResolver, get_resolver, path, reverse
from django.urls.resolvers import RegexPattern

from tests import figures
from tests.project import addresses
from tests.project.access import DOORS, LEFT_TO_THEIR_OWN_TESTS
from tests.project.door import Door, Who
from tests.project.each import for_each
from tests.project.knocking import knock, must_answer, text_of
from tests.project.world import World

BY_NAME: dict[str, list[Door]] = {}
for listed in DOORS:
    BY_NAME.setdefault(listed.name, []).append(listed)
OVERRIDES = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE", "X-HTTP-Method": "DELETE"}


def trying(door: Door) -> list[Who]:
    """Who can knock at a door: tokens open the API alone."""
    return [who for who in Who if who is not Who.READING_TOKEN or door.is_api]


def unlisted(resolver: URLResolver) -> list[str]:
    """Addresses, and methods of API resources, that the table does not have."""
    found = []
    for address in addresses.walk(resolver):
        listed_methods = {door.method for door in BY_NAME.get(address.name, [])}
        if not listed_methods:
            found.append(f"{address.name or 'no name'}: {address.route}")
        elif address.methods is not None:
            found.extend(f"{method} {address.name}" for method in sorted(address.methods - listed_methods))
    return found


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.id)
def test_door_answers_everybody_as_the_table_says(world: World, door: Door) -> None:
    """SEC-01, SEC-02, SEC-06: each attempt starts from the same rows; all that go wrong are named."""
    figures.count("access: addresses and methods tried")
    figures.count("access: attempts, each address by each role", len(trying(door)))
    wrong = []
    for who in trying(door):
        try:
            with transaction.atomic():
                must_answer(world, door, who)
                transaction.set_rollback(True)
        except AssertionError as problem:
            wrong.append(f"{who}: {problem}")

    assert not wrong, "\n".join([f"{door.method} {door.name} answers otherwise than the table says to", *wrong])


def test_every_address_is_in_the_table() -> None:
    assert unlisted(get_resolver()) == []


def test_an_address_that_is_not_in_the_table_is_found() -> None:
    def forgotten(request: HttpRequest) -> HttpResponse:
        return HttpResponse("everything")

    resolver = URLResolver(RegexPattern(r"^/"), [path("forgotten/", forgotten, name="forgotten"), path("nameless/", forgotten)])

    assert unlisted(resolver) == ["forgotten: forgotten/", "no name: nameless/"]


def test_every_line_of_the_table_has_an_address_of_its_own() -> None:
    names = [address.name for address in addresses.walk(get_resolver())]

    assert len(names) == len(set(names))
    assert set(BY_NAME) <= set(names)
    assert len({door.id for door in DOORS}) == len(DOORS)


@for_each("name", BY_NAME)
def test_address_answers_no_method_beyond_the_table(world: World, name: str) -> None:
    door = BY_NAME[name][0]
    listed_methods = {door.method for door in BY_NAME[name]} | {method for method, left in LEFT_TO_THEIR_OWN_TESTS if left == name}
    watch = world.watch()

    answers = {
        method: knock(world, door, Who.ADMINISTRATOR, method=method, sent={}).status_code for method in addresses.METHODS if method not in listed_methods
    }

    assert set(answers.values()) <= {405}, answers
    assert watch.changed() == set()


@for_each("name", [name for name, doors in BY_NAME.items() if any(door.is_reading for door in doors)])
def test_method_override_and_options_change_nothing(world: World, name: str) -> None:
    """SEC-06: a viewer tries what is advertised, and what old frameworks let pass."""
    door = next(door for door in BY_NAME[name] if door.is_reading)
    plain, watch = knock(world, door, Who.VIEWER).status_code, world.watch()

    overridden = knock(world, door, Who.VIEWER, method="GET", **OVERRIDES)
    posted = knock(world, door, Who.VIEWER, method="POST", sent={"_method": "DELETE"}, **OVERRIDES)
    asked = knock(world, door, Who.VIEWER, method="OPTIONS", sent={})

    assert overridden.status_code == plain
    assert posted.status_code in {302, 400, 403, 404, 405, 415, 422} or door.name.startswith(("account_", "token-", "rating-from-outside"))
    assert asked.status_code in {200, 302, 403, 404, 405}
    signed_out = {"account_sign_in"} if door.name == "account_logout" else set()  # a POST there is what it says, from one's own browser
    assert {table for table in watch.changed() if not table.startswith("audit_")} <= signed_out


def test_children_are_not_reached_through_a_system_of_ones_own(world: World) -> None:
    """SEC-02, mixed nesting: the address names one's own system and somebody else's child."""
    mixed = {"system_id": world.s2.system.pk, "membership_id": world.s1.membership.pk}
    watch = world.watch()

    answers = [_taken_role(world, who, mixed) for who in (Who.FOREIGNER, Who.ADMINISTRATOR)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert watch.changed() == set()


def _taken_role(world: World, who: Who, at: dict[str, Any]) -> Any:
    return world.browser(who).post(reverse("system-role-take", kwargs=at), {"reason": "mixed"})


def test_testers_are_not_taken_off_through_a_campaign_of_ones_own(world: World) -> None:
    mixed = {"campaign_id": world.s2.probed.paused.pk, "person_id": world.s1.owner.pk}
    watch = world.watch()

    answers = [world.browser(who).post(reverse("tester-remove", kwargs=mixed)) for who in (Who.FOREIGNER, Who.ADMINISTRATOR)]

    assert [answer.status_code for answer in answers] == [409, 409]  # no tester of that campaign
    assert watch.changed() == set()


def test_every_address_with_two_ids_is_tried_mixed() -> None:
    """A new address with several ids needs a test like the one above."""
    nested = {address.name for address in addresses.walk(get_resolver()) if address.route.count("_id>") > 1}

    assert nested == {"system-role-take", "tester-remove"}


def test_foreign_owner_gets_the_same_answer_to_head(world: World) -> None:
    reading = [door for door in DOORS if door.is_reading and door.names_an_object and Who.FOREIGNER not in door.knows]

    answers = {door.id: knock(world, door, Who.FOREIGNER, method="HEAD") for door in reading}

    assert reading
    assert {door: response.status_code for door, response in answers.items() if response.status_code != 404} == {}
    assert all(text_of(response) == b"" for response in answers.values())
