"""API tokens reach what they are for, and nothing else. SEC-14."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import get_resolver, reverse

from raiportal import clocks
from raiportal.accounts import actions
from raiportal.accounts.enums import Ability
from raiportal.accounts.models import ApiToken
from raiportal.api.resource import Resource
from raiportal.audit.models import Entry
from raiportal.errors import PolicyDenied
from tests.factories.accounts import make_token
from tests.project import addresses
from tests.project.access import DOORS
from tests.project.door import Door, Who
from tests.project.each import for_each
from tests.project.knocking import send, text_of
from tests.project.world import World, watch

READ_S1 = [door for door in DOORS if door.is_api and door.is_reading and door.names_an_object and Who.FOREIGNER not in door.knows]


def _client(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)


def _status(key: str, world: World) -> int:
    return _client(key).get(reverse("api-system-detail", args=[world.s1.system.pk])).status_code


@for_each("door", READ_S1)
@pytest.mark.parametrize("who", [Who.ADMINISTRATOR, Who.AUDITOR, Who.OWNER])
def test_token_limited_to_one_system_knows_no_other(world: World, door: Door, who: Who) -> None:
    if who is Who.OWNER:
        actions.give_role(user=world.people[who], role="owner", scope=world.s2.system.scope, actor=world.people[Who.ADMINISTRATOR])
    key = make_token(world.people[who], scopes=[world.s2.system.scope])

    assert _client(key).get(reverse(door.name, kwargs=dict(door.at(world)))).status_code == 404


def test_limited_token_lists_its_system_alone_and_acts_for_no_organisation(world: World) -> None:
    key = make_token(world.people[Who.ADMINISTRATOR], scopes=[world.s2.system.scope])
    client = _client(key)

    systems = client.get(reverse("api-system-list")).json()["results"]
    registered = client.post(reverse("api-system-list"), {"name": "New", "purpose": "p"}, content_type="application/json")
    shared = client.post(
        reverse("api-deployment-list"), {"system": None, "name": "n", "base_url": "http://127.0.0.1:9/v1", "model": "m"}, content_type="application/json"
    )

    assert [system["id"] for system in systems] == [world.s2.system.pk]
    assert (registered.status_code, shared.status_code) == (403, 403)


def test_limited_token_outlives_no_right(world: World) -> None:
    """SEC-13: a role that is taken is gone from the token at the next request."""
    owner = world.people[Who.OWNER]
    key = make_token(owner, scopes=[world.s1.system.scope])
    assert _status(key, world) == 200

    actions.take_role(membership_id=owner.memberships.get(scope=world.s1.system.scope).pk, reason="left the team", actor=world.people[Who.ADMINISTRATOR])

    assert _status(key, world) == 404


def test_revoked_expired_and_unknown_tokens_are_refused_alike(world: World) -> None:
    owner = world.people[Who.OWNER]
    revoked, expired = make_token(owner), make_token(owner)
    actions.revoke_token(token_id=ApiToken.objects.get(digest=actions.token_digest(revoked)).pk, actor=owner)
    ApiToken.objects.filter(digest=actions.token_digest(expired)).update(expires_at=clocks.now() - datetime.timedelta(seconds=1))
    address = reverse("api-system-list")

    answers = [_client(key).get(address) for key in (revoked, expired, "rai_nothing", "")]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert len({text_of(answer) for answer in answers[:3]}) == 1


def test_token_of_somebody_who_is_kept_out_is_refused(world: World) -> None:
    actions.set_active(user_id=world.people[Who.OWNER].pk, is_active=False, reason="left", actor=world.people[Who.ADMINISTRATOR])

    assert _status(world.keys[Who.OWNER], world) == 401


@pytest.mark.parametrize("change", [str.upper, str.swapcase, lambda key: key + " ", lambda key: key + "x", lambda key: key[:-1], lambda key: f"{key},{key}"])
def test_key_has_to_be_exact(world: World, change: object) -> None:
    key = change(world.keys[Who.OWNER])  # type: ignore[operator]

    assert _status(key, world) == (200 if key.endswith(" ") else 401)


def test_key_is_taken_from_the_header_alone(world: World) -> None:
    key, address = world.keys[Who.OWNER], reverse("api-system-list")

    asked = Client().get(address, {"token": key, "access_token": key, "api_key": key})
    sent = Client().post(address, {"token": key}, content_type="application/json")
    basic = Client(headers={"Authorization": f"Basic {key}"}).get(address)
    twice = Client(headers={"Authorization": f"Bearer {key}, Bearer {key}"}).get(address)

    assert [answer.status_code for answer in (asked, sent, basic, twice)] == [401] * 4


def test_wrong_token_is_not_helped_by_a_cookie(world: World) -> None:
    client = world.browser(Who.ADMINISTRATOR, headers={"Authorization": "Bearer rai_wrong"})

    assert client.get(reverse("api-system-list")).status_code == 401


def test_token_signs_nobody_in_to_pages(world: World) -> None:
    assert _client(world.keys[Who.ADMINISTRATOR]).get(reverse("portfolio")).status_code == 302
    assert _client(world.keys[Who.ADMINISTRATOR]).get(reverse("person-list")).status_code == 302


@for_each("door", [door for door in DOORS if door.is_api and not door.is_reading])
def test_reading_token_changes_nothing_for_an_administrator_either(world: World, door: Door) -> None:
    client = _client(make_token(world.people[Who.ADMINISTRATOR], ability=Ability.READ))
    watched = watch()
    address = reverse(door.name, kwargs=dict(door.at(world)))

    answer = send(client, door.method, address, dict(door.sent(world)), as_json=not door.is_multipart)

    assert answer.status_code == 403
    assert watched.changed() == set()


def test_only_a_hash_is_stored_and_use_is_logged_with_the_tokens_id(world: World) -> None:
    key = world.keys[Who.OWNER]
    client = _client(key)

    client.patch(reverse("api-system-detail", args=[world.s1.system.pk]), {"purpose": "By a program."}, content_type="application/json")

    token = ApiToken.objects.get(digest=actions.token_digest(key))
    assert Entry.objects.filter(action="systems.system_changed").latest("pk").token_id == token.pk
    assert token.last_used_at is not None
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from account_api_token t where t::text like %s", [f"%{key[20:]}%"])
        assert cursor.fetchone() == (0,)


# --- What a token is for ---

WRITES = [door for door in DOORS if door.is_api and not door.is_reading and Who.OWNER in door.may]
REGISTER = ("api-system-", "api-deployment-", "api-metaprompt-", "api-configuration-", "api-filter-", "api-harm-", "api-intended-use-", "api-stakeholder-")
MEASURE = ("api-measurement-", "api-metric-", "api-run-", "api-judging-", "api-schedule-")


@for_each("door", WRITES)
def test_token_of_one_ability_changes_what_it_is_for_and_nothing_else(world: World, door: Door) -> None:
    """SEC-14, wrong scope: the owner's tokens at every address where the owner may change something."""
    kinds = {Ability.REGISTER: REGISTER, Ability.MEASURE: MEASURE}
    for ability in (Ability.REGISTER, Ability.MEASURE, Ability.READ, Ability.METRICS):
        is_meant = door.name.startswith(kinds.get(ability, ("none",)))
        if not is_meant and door.name.startswith((*REGISTER, *MEASURE)) is False:
            continue  # of an app that says for itself which tokens it takes
        client = _client(make_token(world.people[Who.OWNER], ability=ability))
        watched = watch()
        with transaction.atomic():
            answer = send(client, door.method, reverse(door.name, kwargs=dict(door.at(world))), dict(door.sent(world)), as_json=not door.is_multipart)
            changed = watched.changed()
            transaction.set_rollback(True)

        assert answer.status_code == (door.status if is_meant else 403), (ability, text_of(answer)[:200])
        assert is_meant or changed == set(), ability


@for_each("door", [door for door in DOORS if door.is_api and door.is_reading and Who.OWNER in door.may])
def test_token_for_the_operating_figures_reads_nothing_else(world: World, door: Door) -> None:
    client = _client(make_token(world.people[Who.OWNER], ability=Ability.METRICS))

    assert client.get(reverse(door.name, kwargs=dict(door.at(world))), dict(door.asked(world))).status_code == 403


def test_every_resource_that_writes_says_which_tokens_it_takes() -> None:
    resources = {address.view_class for address in addresses.walk(get_resolver()) if address.view_class and issubclass(address.view_class, Resource)}
    expected = {"systems": Ability.REGISTER, "harms": Ability.REGISTER, "measurements": Ability.MEASURE}

    gives_rights = {"Roles": None}  # no limited token may

    def due(view: type[Resource]) -> Ability | None:
        return gives_rights[view.__name__] if view.__name__ in gives_rights else expected.get(view.__module__.split(".")[0], view.ability)

    wrong = {view.__qualname__: view.ability for view in resources if view.ability != due(view)}

    assert len(resources) > 15
    assert wrong == {}


def test_people_make_tokens_for_themselves_and_administrators_for_programs(world: World) -> None:
    administrator, owner = world.people[Who.ADMINISTRATOR], world.people[Who.OWNER]

    with pytest.raises(PolicyDenied):
        actions.make_token(owner=owner, name="in another name", actor=administrator)
    with pytest.raises(PolicyDenied):
        actions.make_token(owner=world.service, name="not theirs", actor=owner)
    token, _ = actions.make_token(owner=world.service, name="pipeline", actor=administrator)

    assert (token.user, token.created_by) == (world.service, administrator)


def test_key_is_shown_once_and_never_again(world: World) -> None:
    client = world.browser(Who.ADMINISTRATOR)

    made = client.post(reverse("service-token-add", args=[world.service.pk]), {"name": "pipeline", "ability": "measure", "lifetime": "30"})

    key = made.context["key"]
    later = [client.get(reverse("person", args=[world.service.pk])), client.get(reverse("token-all"))]
    files = [text_of(client.get(reverse("token-export", args=[format]))) for format in ("csv", "json")]
    assert key in made.text
    assert not any(key.encode() in body for body in (*(page.content for page in later), *files))
    assert key[:12].encode() in files[0]
