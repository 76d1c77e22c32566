"""SEC-45: personal data go, the ledger still verifies, and the entry of the erasure has none."""

from __future__ import annotations

import json

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from raiportal.accounts import actions as account_actions
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit import ledger, verify
from raiportal.audit.actions import erasure
from raiportal.audit.models import Entry, Payload
from raiportal.errors import Conflict, Invalid, Missing, PolicyDenied
from tests.audit import ledgers
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db

CANARY = "Zwetschgenbaum"


@pytest.fixture
def administrator() -> User:
    return make_user(Role.ADMINISTRATOR)


@pytest.fixture
def person(administrator: User) -> User:
    """Somebody whose name is in entries about themselves, about their key, and about what others did to something else."""
    found = account_actions.add_user(
        username="zwetschgenbaum", name=f"Ada {CANARY}", email=f"ada@{CANARY.lower()}.test", password="a long enough Passw0rd", actor=administrator
    )
    account_actions.make_token(owner=found, name=f"{CANARY}'s laptop", actor=found)
    ledger.record("systems.system_changed", subject=administrator, actor=administrator, changes={"owner": [None, {"id": found.pk, "label": found.name}]})
    ledger.record("systems.system_changed", subject=administrator, actor=administrator, reason=f"Wrote to {found.email} about it")
    return found


def _everything() -> str:
    with connection.cursor() as cursor:
        found = []
        for table in ("audit_entry", "audit_payload", "account_user", "account_api_token", "account_invitation", "account_sign_in"):
            cursor.execute(f"select coalesce(json_agg(t)::text, '') from {table} t")
            found.append(str(cursor.fetchone()[0]))
    return "".join(found).lower()


def test_sec_45_an_erased_person_is_nowhere_and_the_ledger_still_verifies(person: User, administrator: User) -> None:
    ledgers.seal()
    assert CANARY.lower() in _everything()

    erasure.erase_person(user_id=person.pk, reason="Asked for it.", actor=administrator)

    assert CANARY.lower() not in _everything()
    erased = User.objects.get(pk=person.pk)
    assert (erased.is_active, erased.has_usable_password(), erased.name) == (False, False, f"Erased person {person.pk}")
    assert erased.erased_at is not None
    assert ledgers.seal().count >= 3
    assert verify.verify().problems == []
    assert Entry.objects.filter(actor=person).exists()  # what they did stays done


def test_one_payload_is_blanked_and_another_entry_vouches(administrator: User) -> None:
    (entry,) = ledgers.write(reason=CANARY)
    ledgers.seal()

    vouching = erasure.erase_payload(entry_id=entry.pk, reason="It named somebody.", actor=administrator)

    payload = Payload.objects.get(entry=entry)
    assert (payload.salt, payload.body, payload.erased_by_id) == ("", {}, vouching.pk)
    assert CANARY not in json.dumps(vouching.payload.body)
    assert verify.verify().ok
    with pytest.raises(Conflict, match="already"):
        erasure.erase_payload(entry_id=entry.pk, reason="Again.", actor=administrator)
    with pytest.raises(Conflict, match="vouches"):
        erasure.erase_payload(entry_id=vouching.pk, reason="That too.", actor=administrator)


def test_erasing_needs_an_administrator_a_reason_and_something_to_erase(administrator: User) -> None:
    (entry,) = ledgers.write()

    for role in (Role.RISK_MANAGER, Role.AUDITOR):
        with pytest.raises(PolicyDenied):
            erasure.erase_payload(entry_id=entry.pk, reason="Why not.", actor=make_user(role))
        with pytest.raises(PolicyDenied):
            erasure.erase_person(user_id=administrator.pk, reason="Why not.", actor=make_user(role))
    with pytest.raises(Invalid, match="Say why"):
        erasure.erase_payload(entry_id=entry.pk, reason="  ", actor=administrator)
    for unknown in (erasure.erase_payload, erasure.erase_person):
        with pytest.raises(Missing):
            unknown(**{"entry_id" if unknown is erasure.erase_payload else "user_id": 987_654_321}, reason="Asked for it.", actor=administrator)


def test_erased_person_is_not_let_in_again(administrator: User) -> None:
    person = erasure.erase_person(user_id=make_user().pk, reason="Asked for it.", actor=administrator)

    with pytest.raises(Conflict, match="erased"):
        account_actions.set_active(user_id=person.pk, is_active=True, reason="By mistake.", actor=administrator)


def test_the_last_administrator_is_not_erased(administrator: User) -> None:
    with pytest.raises(Conflict, match="last administrator"):
        erasure.erase_person(user_id=administrator.pk, reason="Asked for it.", actor=administrator)

    administrator.refresh_from_db()
    assert administrator.erased_at is None


def test_the_database_erases_nothing_that_no_entry_vouches_for(application_role: str, administrator: User) -> None:
    one, other = ledgers.write(2)
    vouching = ledger.record("audit.payloads_erased", subject=administrator, actor=administrator, reason="x", entries=[one.pk])

    for arguments in ([[one.pk], other.pk], [[one.pk, other.pk], vouching.pk], [[other.pk], vouching.pk]):
        with pytest.raises(DatabaseError, match="no entry vouches"):
            _erase_as(application_role, *arguments)
    assert _erase_as(application_role, [one.pk], vouching.pk) == 1
    assert verify.verify().ok


def _erase_as(role: str, targets: list[int], vouching: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local role {role}")
        cursor.execute("select audit_erase_payloads(%s, %s)", [targets, vouching])
        (erased,) = cursor.fetchone()
        cursor.execute("reset role")
        return int(erased)


def test_strangers_to_the_database_cannot_call_the_function(as_application: psycopg.Connection, superuser: psycopg.Connection) -> None:
    granted = superuser.execute("select has_function_privilege('public', 'audit_erase_payloads(bigint[], bigint)', 'EXECUTE')").fetchone()

    assert granted == (False,)
