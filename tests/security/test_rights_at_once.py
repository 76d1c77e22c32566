"""A right that is gone is gone at the next request: sessions, open forms, tokens; queued work in tests/measurements/test_engine_rights.py. SEC-12, SEC-13."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from harms.models import Harm
from raiportal import clocks
from raiportal.accounts import actions
from raiportal.accounts.models import Membership
from tests.factories.accounts import PASSWORD
from tests.project import addresses
from tests.project.door import Who
from tests.project.world import World

Loss = Callable[[World], object]
LOSSES: dict[str, Loss] = {
    "role taken": lambda world: actions.take_role(
        membership_id=world.people[Who.OWNER].memberships.get(scope=world.s1.system.scope).pk, reason="left the team", actor=world.people[Who.ADMINISTRATOR]
    ),
    "role ended": lambda world: Membership.objects.filter(user=world.people[Who.OWNER]).update(until=clocks.now()),
    "kept out": lambda world: actions.set_active(user_id=world.people[Who.OWNER].pk, is_active=False, reason="left", actor=world.people[Who.ADMINISTRATOR]),
}


@pytest.mark.parametrize("way", LOSSES)
def test_session_open_form_and_token_are_out_at_the_next_request(world: World, way: str) -> None:
    """SEC-13: the form was opened while the right was there, and is sent when it is gone."""
    browser, program = world.browser(Who.OWNER), world.program(Who.OWNER)
    page, form = reverse("harm-list", args=[world.s1.system.pk]), reverse("harm-add", args=[world.s1.system.pk])
    resource, harms = reverse("api-harm-detail", args=[world.s1.harm.pk]), Harm.objects.count()
    assert [client.get(address).status_code for client, address in ((browser, page), (browser, form), (program, resource))] == [200, 200, 200]

    LOSSES[way](world)

    sent = browser.post(form, {"title": "Too late", "category": world.s1.harm.category_id, "origin": "model"})
    answers = [sent.status_code, browser.get(page).status_code, program.get(resource).status_code]
    assert answers == ([302, 302, 401] if way == "kept out" else [404, 404, 404])
    assert way != "kept out" or sent["Location"].startswith(reverse("account_login"))
    assert Harm.objects.count() == harms


def test_service_account_has_no_way_to_sign_in(world: World) -> None:
    """SEC-33: not even with a password that somebody put into the table."""
    world.service.set_password(PASSWORD)
    world.service.save(update_fields=["password"])
    client = Client()

    answer = client.post(reverse("account_login"), {"login": world.service.username, "password": PASSWORD})

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_inactive"))
    assert client.get(reverse("portfolio")).status_code == 302


def test_nothing_can_be_cloned_or_shared_yet() -> None:
    """SEC-12: there is no clone, template, share link or copy to a library. An address that offers one needs a test of both systems' rights."""
    named = {address.name for address in addresses.walk(get_resolver())}

    suspicious = {name for name in named if any(word in name for word in ("clone", "copy", "duplicate", "template", "share"))}
    # An empty file with the columns of an import; and a mark that two findings of one campaign's system are the same.
    assert suspicious == {"harm-import-template", "finding-duplicate", "api-finding-duplicate"}
