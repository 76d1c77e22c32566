"""Raters from outside: a link that works once, opens nothing else, and says nothing about links that don't work."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from harms import actions, selectors
from harms.models import Rater, Rating
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.audit.actions.erasure import erase_person
from raiportal.audit.models import Payload
from raiportal.errors import Conflict, Invalid, Missing, PolicyDenied
from raiportal.secret_links import mask_links
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.ratings import RoundScene, answer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_requests_before() -> None:
    cache.clear()


@pytest.fixture
def scene() -> RoundScene:
    return RoundScene()


def page_of(token: str) -> Any:
    return Client().get(reverse("rating-from-outside", args=[token]))


def filled(scene: RoundScene, act: str) -> dict[str, Any]:
    one = {"severity": 4, "frequency": 2, "confidence": "high", "rationale": "Known."}
    return {"act": act, **{f"h{harm.pk}-{name}": value for harm in scene.rated for name, value in one.items()}}


def test_link_is_mailed_and_kept_nowhere(scene: RoundScene, django_capture_on_commit_callbacks: Any, settings: Any) -> None:
    settings.PUBLIC_URL = "https://portal.example.test"
    with django_capture_on_commit_callbacks(execute=True):
        token = scene.invite(email="olga@example.test")

    assert f"https://portal.example.test/rate/{token}/" in mail.outbox[0].body
    assert mail.outbox[0].to == ["olga@example.test"]
    assert token not in json.dumps(list(Rater.objects.values()), default=str)
    payloads = json.dumps(list(Payload.objects.values_list("body", flat=True)))
    assert token not in payloads
    assert "Olga" not in payloads
    assert "olga@example.test" not in payloads
    assert mask_links(None, "info", {"request": f"GET /rate/{token}/"}) == {"request": "GET /rate/…/"}


def test_link_opens_the_harms_asked_and_nothing_else_of_the_system(scene: RoundScene) -> None:
    other = make_harm(scene.system, title="A harm that nobody asks about", assessed=(5, 5), actor=scene.manager)
    browser = Client()

    page = browser.get(reverse("rating-from-outside", args=[scene.invite()]))
    shown = page.content.decode()

    assert all(harm.title in shown for harm in scene.harms)
    assert other.title not in shown
    assert scene.system.name not in shown
    assert scene.system.purpose not in shown
    assert not any(person.name in shown for person in [*scene.people, scene.manager])
    assert "sessionid" not in browser.cookies
    assert page.headers["Cache-Control"] == "no-store"
    assert browser.get(reverse("harm", args=[scene.harms[0].pk])).status_code == 302


def test_draft_is_kept_and_counts_for_nothing_until_it_is_sent(scene: RoundScene) -> None:
    token = scene.invite()
    browser = Client()

    drafted = browser.post(reverse("rating-from-outside", args=[token]), filled(scene, "draft"))

    assert "Kept as a draft" in drafted.content.decode()
    assert Rating.objects.count() == 2
    assert [one.answered for one in selectors.standings(scene.round) if one.rater.is_outside] == [0]
    scene.close()
    assert [result.said for result in selectors.results(scene.round, scene.manager)] == [[], []]
    assert Rating.objects.visible_to(scene.manager).count() == 0
    assert browser.get(reverse("rating-from-outside", args=[token])).status_code == 404


def test_sent_link_is_used_up(scene: RoundScene) -> None:
    token = scene.invite()
    sent = Client().post(reverse("rating-from-outside", args=[token]), filled(scene, "send"))

    assert sent.status_code == 200
    assert "Thank you" in sent.content.decode()
    assert Client().post(reverse("rating-from-outside", args=[token]), filled(scene, "draft")).status_code == 404
    with pytest.raises(Missing):
        actions.send_ratings(token=token, answers=[])


def test_sending_needs_an_answer_for_each_harm(scene: RoundScene) -> None:
    token = scene.invite()
    with pytest.raises(Invalid, match="1 of 2 harms have no answer"):
        actions.send_ratings(token=token, answers=[answer(scene.rated[0])])
    assert Rating.objects.count() == 0
    part = {name: value for name, value in filled(scene, "send").items() if not name.startswith(f"h{scene.rated[1].pk}")}

    refused = Client().post(reverse("rating-from-outside", args=[token]), part)

    assert refused.status_code == 422
    assert "1 of 2 harms have no answer" in refused.content.decode()


def test_used_revoked_expired_unknown_links_and_those_of_closed_rounds_get_the_same_answer(scene: RoundScene) -> None:
    used, revoked, expired, late = (scene.invite() for _ in range(4))
    actions.send_ratings(token=used, answers=[answer(harm) for harm in scene.rated])
    raters = {token: actions.find_open(token) for token in (revoked, expired)}
    actions.revoke_outside(rater_id=raters[revoked].pk, reason="Wrong person", actor=scene.manager)
    Rater.objects.filter(pk=raters[expired].pk).update(expires_at=clocks.now() - datetime.timedelta(seconds=1))
    before = [page_of(token) for token in (used, revoked, expired, "never-made")]
    scene.close()
    shown = [*before, page_of(late)]
    sent = [Client().post(reverse("rating-from-outside", args=[token]), filled(scene, "send")) for token in (used, revoked, expired, late, "never-made")]

    assert {one.status_code for one in [*shown, *sent]} == {404}
    assert len({one.text for one in [*shown, *sent]}) == 1


def test_link_rates_harms_of_its_round_alone(scene: RoundScene) -> None:
    other = RoundScene(manager=scene.manager)

    with pytest.raises(Missing):
        actions.keep_drafts(token=scene.invite(), answers=[answer(other.rated[0])])


def test_tries_are_limited(scene: RoundScene, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "rating_from_outside": "3/m/ip"}
    token = scene.invite()

    assert [page_of(token).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_public_form_asks_for_the_csrf_token(scene: RoundScene) -> None:
    browser = Client(enforce_csrf_checks=True)

    assert browser.post(reverse("rating-from-outside", args=[scene.invite()]), filled(scene, "send")).status_code == 403


def test_sent_ratings_cannot_be_revoked_and_only_the_risk_manager_revokes(scene: RoundScene) -> None:
    token = scene.invite()
    rater = actions.find_open(token)
    with pytest.raises(PolicyDenied):
        actions.revoke_outside(rater_id=rater.pk, reason="No", actor=scene.people[0])
    actions.send_ratings(token=token, answers=[answer(harm) for harm in scene.rated])

    with pytest.raises(Conflict, match="sent their ratings"):
        actions.revoke_outside(rater_id=rater.pk, reason="Too late", actor=scene.manager)


def test_erased_stakeholder_leaves_ratings_without_a_name(scene: RoundScene) -> None:
    token = scene.invite(email="olga@example.test")
    rater = actions.find_open(token)
    actions.send_ratings(token=token, answers=[answer(harm) for harm in scene.rated])
    administrator = make_user(Role.ADMINISTRATOR)
    with pytest.raises(PolicyDenied):
        actions.erase_outside(rater_id=rater.pk, reason="Asked for", actor=scene.manager)

    actions.erase_outside(rater_id=rater.pk, reason="Asked for", actor=administrator)

    rater.refresh_from_db()
    assert (rater.name, rater.organisation, rater.email) == (f"Erased stakeholder {rater.pk}", "", "")
    assert Rating.objects.filter(rater=rater).count() == 2
    assert "Olga" not in json.dumps(list(Payload.objects.values_list("body", flat=True)))


def test_erasing_a_person_takes_their_traces_from_outside_along(scene: RoundScene) -> None:
    token = scene.invite(email="olga@example.test")
    person = make_user(email="Olga@example.test")

    erase_person(user_id=person.pk, reason="Asked for", actor=make_user(Role.ADMINISTRATOR))

    rater = Rater.objects.get(person=None)
    assert rater.name.startswith("Erased")
    with pytest.raises(Missing):
        actions.find_open(token)
