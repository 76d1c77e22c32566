"""Query parameters that nobody offered open nothing. SEC-07."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.project.access import DOORS
from tests.project.door import Who
from tests.project.each import for_each
from tests.project.knocking import comparable
from tests.project.world import World

LISTS = [door for door in DOORS if door.is_reading and (door.name.endswith("-list") or door.name in {"portfolio", "ledger", "output-list", "set-version"})]
PROBES = (
    "owner__password__startswith",
    "deployment__api_key__startswith",
    "created_by__password__regex",
    "system__scope__memberships__user__password__startswith",
    "_connector",
    "depth",
    "expand",
    "fields",
    "include",
    "ordering",
    "order_by",
)


@for_each("door", LISTS)
def test_unknown_parameters_are_refused_or_change_nothing(world: World, door: object) -> None:
    client = (world.program if door.is_api else world.browser)(Who.OWNER)  # type: ignore[attr-defined]
    address, asked = reverse(door.name, kwargs=dict(door.at(world))), dict(door.asked(world))  # type: ignore[attr-defined]

    for probe in PROBES:
        matching, other = (client.get(address, {**asked, probe: value}) for value in ("argon", "zzzzz"))
        if door.is_api:  # type: ignore[attr-defined]
            assert matching.status_code == 400, probe
            assert matching.json()["code"] == "unknown_parameter"
        status, body = comparable(matching)
        assert (status, body.replace(b"argon", b"zzzzz")) == comparable(other), f"the answer depends on {probe}"


@pytest.mark.parametrize("sort", ["password", "-owner__password", "api_key", "deployment__api_key", "?", "pk;drop table harm", "random"])
def test_lists_sort_only_by_what_they_offer(world: World, sort: str) -> None:
    client = world.program(Who.OWNER)

    answers = {door.name: client.get(reverse(door.name), {**door.asked(world), "sort": sort}).status_code for door in LISTS if door.is_api}

    assert set(answers.values()) <= {400, 422}, answers
