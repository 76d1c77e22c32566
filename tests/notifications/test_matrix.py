"""The matrix: each kind of event, on each channel, reaches whom it should and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from raiportal.notifications import actions
from raiportal.notifications.enums import Channel
from raiportal.notifications.kinds import notification_kinds
from raiportal.notifications.models import Delivery, Event, Notification, Webhook
from tests.factories.systems import make_system
from tests.notifications.producers import PRODUCERS, Scene, make_scene

pytestmark = pytest.mark.django_db


def test_every_kind_has_a_producer_and_every_producer_a_kind() -> None:
    assert sorted(PRODUCERS) == sorted(kind.slug for kind in notification_kinds)


def test_every_kind_says_when_it_is_told() -> None:
    for kind in notification_kinds:
        assert kind.slug.count(".") == 1, kind.slug
        assert len(kind.label) > 4
        assert kind.words.endswith("."), kind.slug


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def _hook(scene: Scene, scope: Any, kinds: Any = ()) -> Webhook:
    return actions.add_webhook(name="Hook", url="https://hooks.example.test/a", kinds=kinds, scope=scope, actor=scene.administrator)[0]


@pytest.mark.parametrize("kind", sorted(PRODUCERS))
def test_event_reaches_whom_it_should_on_every_channel(kind: str, scene: Scene) -> None:
    everywhere, of_kind, of_system = _hook(scene, None), _hook(scene, None, [kind]), _hook(scene, scene.system.scope, [kind])
    elsewhere, off = _hook(scene, make_system().scope), _hook(scene, None)
    of_other_kinds = _hook(scene, None, [slug for slug in PRODUCERS if slug != kind])
    actions.end_webhook(webhook_id=off.pk, reason="Not now.", actor=scene.administrator)

    expected = PRODUCERS[kind](scene)

    event = Event.objects.get(kind=kind)
    told = {row.recipient for row in Notification.objects.filter(kind=kind).select_related("recipient")}
    assert {person.email for person in told & set(scene.people())} == {person.email for person in expected}
    mails = Delivery.objects.filter(event=event, channel=Channel.EMAIL).select_related("notification__recipient")
    assert sorted(row.notification.recipient.email for row in mails if row.notification) == sorted(person.email for person in expected)
    hooks = set(Delivery.objects.filter(event=event, channel=Channel.WEBHOOK).values_list("webhook_id", flat=True))
    assert {everywhere.pk, of_kind.pk} <= hooks
    assert (of_system.pk in hooks) == (event.scope_id == scene.system.pk)
    assert hooks.isdisjoint({elsewhere.pk, off.pk, of_other_kinds.pk})
    assert expected.isdisjoint({scene.left, scene.foreigner, scene.nobody, event.actor})
    assert event.title.strip()
    assert event.url.startswith("/")
