"""Webhooks: who may have them, where they may lead, and a secret that is never shown again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from raiportal.accounts.enums import Role
from raiportal.audit.models import Entry, Payload
from raiportal.errors import Invalid, PolicyDenied, WrongState
from raiportal.notifications import actions, policies
from raiportal.notifications.models import Webhook
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db

ADDRESS = "https://hooks.example.test/services/T0/B1?sig=abc"


def add(actor: Any, scope: Any = None, **changes: Any) -> tuple[Webhook, str]:
    return actions.add_webhook(**{"name": "Chat", "url": ADDRESS, "kinds": [], "scope": scope, "actor": actor, **changes})


@pytest.fixture
def system() -> AISystem:
    return make_system()


@pytest.mark.parametrize("role", list(Role))
def test_webhooks_are_had_by_administrators_and_by_owners_for_their_systems(role: Role, system: AISystem) -> None:
    is_scope_role = role in {Role.OWNER, Role.CONTRIBUTOR, Role.RED_TEAMER, Role.LABELLER, Role.REVIEWER, Role.VIEWER}
    person = make_user(role, scope=system.scope) if is_scope_role else make_user(role)
    other = make_system()

    assert policies.may_manage_webhooks(person, None).allowed == (role == Role.ADMINISTRATOR)
    assert policies.may_manage_webhooks(person, system.pk).allowed == (role in {Role.ADMINISTRATOR, Role.OWNER})
    assert policies.may_manage_webhooks(person, other.pk).allowed == (role == Role.ADMINISTRATOR)


def test_owner_sees_and_changes_only_those_of_the_own_system(system: AISystem) -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    own, _ = add(system.owner, system.scope)
    of_all, _ = add(administrator)

    assert list(Webhook.objects.visible_to(system.owner)) == [own]
    assert set(Webhook.objects.visible_to(administrator)) == {own, of_all}
    assert list(Webhook.objects.visible_to(make_user(Role.RISK_MANAGER))) == []
    for act in (actions.renew_secret, actions.resume_webhook):
        with pytest.raises(PolicyDenied):
            act(webhook_id=of_all.pk, actor=system.owner)
    with pytest.raises(PolicyDenied):
        add(system.owner)


def test_secret_is_shown_once_and_stands_in_no_ledger_entry(system: AISystem) -> None:
    webhook, secret = add(system.owner, system.scope)
    renewed = actions.renew_secret(webhook_id=webhook.pk, actor=system.owner)
    _, moved = actions.change_webhook(webhook_id=webhook.pk, url="https://other.example.test/", actor=system.owner)

    webhook.refresh_from_db()
    assert len({secret, renewed, moved}) == 3
    assert webhook.secret == moved
    assert webhook.secret_end == f"…{moved[-4:]}"
    written = json.dumps([payload.body for payload in Payload.objects.all()])
    assert not [one for one in (secret, renewed, moved) if one in written]
    actions_taken = list(Entry.objects.filter(subject_kind="notifications.webhook").order_by("pk").values_list("action", flat=True))
    assert actions_taken == ["notifications.webhook_added", "notifications.webhook_secret_renewed", "notifications.webhook_changed"]


def test_secret_stays_where_only_the_path_or_the_name_changes(system: AISystem) -> None:
    webhook, secret = add(system.owner, system.scope)

    _, given = actions.change_webhook(webhook_id=webhook.pk, name="Tickets", url="https://hooks.example.test/other", actor=system.owner)

    webhook.refresh_from_db()
    assert (given, webhook.secret, webhook.name) == ("", secret, "Tickets")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.test/",
        "https://169.254.169.254/latest",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.8/",
        "https://0x7f000001/",
        "https://metadata.internal/",
        "https://localhost/",
        "https://user:pass@hooks.example.test/",
        "ftp://hooks.example.test/",
        "https://hooks.example.test/#part",
        "https://hooks.example.test/a b",
        "https://hooks.example.test/../admin",
        "",
    ],
)
def test_address_that_may_not_be_called_is_refused_on_its_field(url: str, system: AISystem, settings: Any) -> None:
    settings.ENDPOINT_ALLOWLIST = []
    with pytest.raises(Invalid) as refusal:
        add(system.owner, system.scope, url=url)

    assert refusal.value.field == "url"
    webhook, _ = add(system.owner, system.scope)
    with pytest.raises(Invalid):
        actions.change_webhook(webhook_id=webhook.pk, url=url, actor=system.owner)


def test_internal_receiver_is_allowed_by_the_list_of_administrators(system: AISystem, settings: Any) -> None:
    settings.ENDPOINT_ALLOWLIST = ["chat.internal:8065"]

    webhook, _ = add(system.owner, system.scope, url="http://chat.internal:8065/hooks/1/")

    assert webhook.url == "http://chat.internal:8065/hooks/1/"


@pytest.mark.parametrize(("field", "value"), [("name", " "), ("name", "x" * 81), ("kinds", ["systems.nothing"])])
def test_wrong_field_is_named(field: str, value: Any, system: AISystem) -> None:
    with pytest.raises(Invalid) as refusal:
        add(system.owner, system.scope, **{field: value})

    assert refusal.value.field == field


def test_webhook_is_switched_off_with_a_reason_and_on_again(system: AISystem) -> None:
    webhook, _ = add(system.owner, system.scope)
    with pytest.raises(Invalid):
        actions.end_webhook(webhook_id=webhook.pk, reason=" ", actor=system.owner)

    ended = actions.end_webhook(webhook_id=webhook.pk, reason="Replaced.", actor=system.owner)
    with pytest.raises(WrongState):
        actions.end_webhook(webhook_id=webhook.pk, reason="Replaced.", actor=system.owner)
    resumed = actions.resume_webhook(webhook_id=webhook.pk, actor=system.owner)

    assert (ended.is_active, ended.ended_reason) == (False, "Replaced.")
    assert (resumed.is_active, resumed.ended_reason) == (True, "")
