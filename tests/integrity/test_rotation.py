"""A new field key: everything that is encrypted is written anew under it, once, and then the old key can go."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from raiportal.audit.models import Entry
from raiportal.integrity import actions as integrity_actions
from raiportal.integrity import keys, secrets
from systems.models import Deployment
from tests.factories.accounts import make_user
from tests.factories.systems import make_deployment

pytestmark = pytest.mark.django_db
KEY = "sk-rotated-7d20aa41"


@pytest.fixture
def holder() -> Any:
    """Somebody with an app and recovery codes, beside a deployment with a key and one without."""
    make_deployment(api_key=KEY)
    make_deployment(api_key="")
    person = make_user()
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(person)
    Authenticator.objects.create(user=person, type="webauthn", data={"name": "Key", "credential": {}})
    return person


@pytest.fixture
def old_and_new(holder: Any, settings: Any) -> tuple[str, str]:
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_KEYS = [new, old]
    return old, new


def rotate() -> str:
    told = StringIO()
    call_command("rotate_field_keys", stdout=told)
    return told.getvalue()


def codes(person: Any) -> list[str]:
    return list(Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes())


def test_old_key_can_go_once_everything_is_written_anew(holder: Any, old_and_new: tuple[str, str], settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity_actions, "VALUES_AT_ONCE", 1)
    make_deployment(api_key="sk-under-the-new-one")
    old, new = old_and_new
    before, used = codes(holder), keys.in_use()

    told = rotate()

    settings.FIELD_KEYS = [new]
    assert used == sorted(map(keys.fingerprint, (old, new)))
    assert keys.in_use() == [keys.fingerprint(new)]
    assert list(secrets.unreadable_values()) == []
    assert {one.api_key for one in Deployment.objects.all()} == {KEY, "", "sk-under-the-new-one"}
    assert codes(holder) == before
    assert Authenticator.objects.get(user=holder, type="totp").wrap().instance.data.keys() == {"secret"}
    assert "systems.Deployment api_key: 1 written anew, 1 under the newest key already, 0 unreadable" in told
    noted = Entry.objects.get(action="integrity.field_keys_rotated").payload.body["details"]
    assert noted["rewritten"] == {"notifications.Webhook secret": 0, "systems.Deployment api_key": 1, "second factors secret": 1, "second factors seed": 1}
    assert noted["key"] == keys.fingerprint(new)


def test_rotating_again_changes_nothing(holder: Any, old_and_new: tuple[str, str]) -> None:
    rotate()
    stored = rows()

    told = rotate()

    assert rows() == stored
    assert told.count(": 0 written anew") == 4
    assert Entry.objects.filter(action="integrity.field_keys_rotated").count() == 1


def test_value_that_no_key_opens_stays_and_is_told(holder: Any, old_and_new: tuple[str, str], settings: Any) -> None:
    lost = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
    with connection.cursor() as cursor:
        cursor.execute("update deployment set api_key = %s where api_key = ''", [lost])

    with pytest.raises(CommandError, match="1 of the values"):
        rotate()

    assert lost in rows()
    settings.FIELD_KEYS = old_and_new[1:]
    assert len(list(secrets.unreadable_values())) == 1


def test_failing_entry_leaves_everything_as_it_was(holder: Any, old_and_new: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = rows()
    monkeypatch.setattr(integrity_actions.ledger, "record", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        rotate()

    assert rows() == before


def test_value_that_somebody_changed_meanwhile_is_theirs(holder: Any, old_and_new: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    true_write = integrity_actions._write

    def change_first(place: Any, changes: Any) -> int:
        if place.what.startswith("systems"):
            Deployment.objects.exclude(api_key_hint="x").update(api_key="sk-entered-meanwhile")
        return true_write(place, changes)

    monkeypatch.setattr(integrity_actions, "_write", change_first)

    rotate()

    assert {one.api_key for one in Deployment.objects.all()} == {"sk-entered-meanwhile"}


def test_keys_in_use_are_told_without_loading_all_values(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = 0

    def endless(*_: Any) -> Iterator[tuple[int, str]]:
        nonlocal drawn
        for number in range(10_000):
            drawn += 1
            yield number, "token"

    monkeypatch.setattr(secrets, "rows_of", endless)
    opened: list[int] = []
    monkeypatch.setattr(keys, "_opener", lambda *_: opened.append(drawn))

    keys.in_use()

    assert opened[:3] == [1, 2, 3]


def rows() -> set[str]:
    return {token for place in secrets.encrypted_places() for _, token in place.values()}
