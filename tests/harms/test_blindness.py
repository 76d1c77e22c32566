"""While a round is open, what a rater said changes nothing that anybody else sees: every answer is the same whatever the levels are."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from harms import actions, selectors
from harms.models import Rating
from raiportal.accounts.enums import ORGANISATION_ROLES, SCOPE_ROLES, Role
from raiportal.accounts.models import User
from raiportal.audit.models import Payload
from raiportal.notifications.models import Event
from tests.factories.accounts import headers, make_user
from tests.factories.harms import make_harm
from tests.factories.ratings import RoundScene
from tests.project.knocking import comparable

pytestmark = pytest.mark.django_db

CANARY = "rohrdommel"
LOW = {"severity": 1, "frequency": 1, "confidence": "low", "rationale": f"Nothing, {CANARY}."}
HIGH = {"severity": 5, "frequency": 5, "confidence": "high", "rationale": f"Everything, {CANARY} twice."}
ROLES = [*((role, False) for role in sorted(ORGANISATION_ROLES)), *((role, True) for role in sorted(SCOPE_ROLES))]


@pytest.fixture
def scene() -> RoundScene:
    """An open round that one person rated."""
    scene = RoundScene()
    scene.rate(scene.people[0], (3, 3), (3, 3), rationale=f"Seen, {CANARY}.")
    return scene


def pages_of(scene: RoundScene) -> list[str]:
    system, held, harm = scene.system.pk, scene.round.pk, scene.harms[0].pk
    return [
        *(reverse(name, args=[system]) for name in ("system", "harm-list", "rating-round-list", "harm-flags")),
        *(reverse(name, args=[held]) for name in ("rating-round", "raters-ask")),
        *(reverse(name, args=[harm]) for name in ("harm", "harm-line", "harm-assess", "harm-merge")),
        *(reverse("rating-export", args=[held, kind]) for kind in ("csv", "json")),
        *(reverse("history", args=[kind, pk]) for kind, pk in (("harms.ratinground", held), ("harms.harm", harm))),
        *(reverse("consensus", args=[row.pk]) for row in scene.rated),
        *(reverse("harm-export", args=[system, "json"]), reverse("notification-list"), reverse("ledger"), reverse("work"), reverse("portfolio")),
        *(f"{reverse('search')}?q={word}" for word in (CANARY, "Everything")),
    ]


def api_of(scene: RoundScene) -> list[str]:
    held, harm = f"/api/v1/rating-rounds/{scene.round.pk}/", f"/api/v1/harms/{scene.harms[0].pk}/"
    filtered = [f"/api/v1/ratings/?round={scene.round.pk}&sort={sort}" for sort in ("id", "-id")]
    return [held, *(f"{held}{part}/" for part in ("harms", "raters", "results")), harm, "/api/v1/ratings/", "/api/v1/notifications/", *filtered]


def answers(scene: RoundScene, person: User, token: dict[str, str], said: dict[str, object]) -> dict[str, tuple[int, bytes]]:
    """Everything that somebody is answered while the ratings are these."""
    Rating.objects.filter(rater__person=scene.people[0]).update(**said)
    browser = Client()
    browser.force_login(person)
    found = {address: comparable(browser.get(address)) for address in pages_of(scene)}
    return found | {address: comparable(Client().get(address, headers=token)) for address in api_of(scene)}


@pytest.mark.parametrize(("role", "is_scoped"), ROLES)
def test_whatever_somebody_rated_everybody_else_sees_the_same(scene: RoundScene, role: Role, is_scoped: bool) -> None:
    person = make_user(role, scope=scene.system.scope if is_scoped else None)
    token = headers(person)
    answers(scene, person, token, LOW)  # looking is recorded, and shown to some: the first look makes those rows

    low, high = (answers(scene, person, token, said) for said in (LOW, HIGH))

    assert [address for address in low if low[address] != high[address] and address != reverse("ledger")] == []  # which grows by looking at the rest
    assert [address for address in high if CANARY.encode() in high[address][1] and "search" not in address] == []


def test_another_rater_sees_the_same_whatever_somebody_rated(scene: RoundScene) -> None:
    other = scene.people[1]
    token = headers(other)
    answers(scene, other, token, LOW)

    low, high = (answers(scene, other, token, said) for said in (LOW, HIGH))

    assert [address for address in low if low[address] != high[address]] == []


def test_the_comparison_finds_it_once_the_round_is_closed(scene: RoundScene) -> None:
    """The control: the same addresses show it then."""
    scene.close()
    scene.harms[0].refresh_from_db()
    browser = Client()
    browser.force_login(scene.manager)

    told = b"".join(comparable(browser.get(address))[1] for address in pages_of(scene))

    assert CANARY.encode() in told
    assert [rating["rationale"] for rating in Client().get("/api/v1/ratings/", headers=headers(scene.manager)).json()["results"]] == [f"Seen, {CANARY}."] * 2


@pytest.mark.parametrize("role", sorted(ORGANISATION_ROLES))
def test_queries_that_pages_are_made_of_give_nothing(scene: RoundScene, role: Role) -> None:
    person = make_user(role)

    assert not selectors.ratings_of(person).exists()
    assert selectors.results(scene.round, person) == []
    assert list(selectors.exported_ratings(scene.round, person)) == []


def test_messages_and_the_ledger_say_who_rated_and_never_what(scene: RoundScene) -> None:
    for person in scene.people[1:]:
        scene.rate(person, (5, 4), (4, 5), rationale=f"Read of it, {CANARY}.")  # the last one completes the round, which is told
    actions.merge_harms(harm_id=scene.harms[0].pk, into_id=make_harm(scene.system).pk, reason="One harm.", actor=scene.manager)

    told = [f"{event.title} {event.body}" for event in Event.objects.all()] + [f"{message.subject} {message.body}" for message in mail.outbox]
    bodies = [str(body) for body in Payload.objects.values_list("body", flat=True)]

    assert any("Everybody has answered" in words for words in told)
    assert any("ratings" in body for body in bodies)
    assert [words for words in (*told, *bodies) if CANARY in words] == []
