"""What the identity provider's word comes to when two things happen at once, and what a hand-given role that has ended is worth."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.db import OperationalError, connection, connections, transaction

from raiportal import clocks
from raiportal.accounts import actions, single_sign_on
from raiportal.accounts.actions import memberships
from raiportal.accounts.enums import Role, Source
from raiportal.accounts.models import Membership, User
from raiportal.audit.models import Entry
from tests.factories.accounts import make_scope, make_user

ROLES = {"ai-risk": ["risk_manager"], "admins": ["administrator"]}
PATIENCE_SECONDS = 30  # for one lock; whoever waits for the one who waits has twice as long
ASKED_EVERY_SECONDS = 0.05
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def roles_by_group(settings: Any) -> None:
    settings.OIDC_ROLES = ROLES


def let_in(name: str, *groups: str) -> User:
    """Sign in once as the provider's `name`, in the way of a request: the account's row is looked up first."""
    known = SocialAccount.objects.filter(provider="sso-test", uid=name).first()
    account = known or SocialAccount(provider="sso-test", uid=name)
    return single_sign_on.let_in(account=account, claims={"sub": name, "preferred_username": name, "groups": list(groups)})


def at_once(*tried: Callable[[], Any]) -> list[Any]:
    """What came of attempts that each run on a connection of their own."""

    def attempt(one: Callable[[], Any]) -> Any:
        with closing(connections["default"]):
            with connection.cursor() as cursor:
                cursor.execute(f"set lock_timeout = '{PATIENCE_SECONDS}s'")
            return one()

    with ThreadPoolExecutor(len(tried)) as threads:
        return [running.result(timeout=2 * PATIENCE_SECONDS) for running in [threads.submit(attempt, one) for one in tried]]


@pytest.mark.django_db
def test_hand_given_role_that_has_ended_does_not_stand_in_the_way_of_a_group() -> None:
    person = let_in("ada", "admins")
    for until, held in ((clocks.now() + DAY, (Source.MANUAL, False)), (clocks.now() - DAY, (Source.SINGLE_SIGN_ON, True))):
        Membership.objects.update_or_create(user=person, role=Role.RISK_MANAGER, defaults={"until": until, "source": Source.MANUAL, "created_by": person})

        let_in("ada", "admins", "ai-risk")

        found = Membership.objects.get(user=person, role=Role.RISK_MANAGER)
        assert (found.source, found.until is None) == held
    assert Entry.objects.filter(action="accounts.role_changed", subject_kind="accounts.membership").count() == 1

    let_in("ada", "admins")
    assert not Membership.objects.filter(user=person, role=Role.RISK_MANAGER).exists()


@pytest.mark.django_db(transaction=True)
def test_two_first_sign_ins_of_one_person_make_one_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two connections and a barrier behind the look for a free name: both are about to make the account."""
    User.system()
    both, true_name, asked = Barrier(2), single_sign_on._free_username, []

    def free_username(claims: Any) -> str:
        name = true_name(claims)
        if len(asked) < 2:
            asked.append(name)
            both.wait(10)
        return name

    monkeypatch.setattr(single_sign_on, "_free_username", free_username)

    people = at_once(*[lambda: let_in("bea", "ai-risk")] * 2)

    assert asked == ["bea", "bea"]
    assert people[0] == people[1] == SocialAccount.objects.get().user
    assert list(people[0].memberships.values_list("role", "source")) == [(Role.RISK_MANAGER, Source.SINGLE_SIGN_ON)]
    assert list(Entry.objects.filter(action="accounts.user_added", subject_id=people[0].pk).values_list("subject_id", flat=True)) == [people[0].pk]


@pytest.mark.django_db(transaction=True)
def test_two_new_people_who_are_called_alike_both_get_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds its name taken after it looked, and takes another one."""
    User.system()
    both, true_name, asked = Barrier(2), single_sign_on._free_username, []

    def free_username(claims: Any) -> str:
        name = true_name({**claims, "preferred_username": "cleo"})
        if len(asked) < 2:
            asked.append(name)
            both.wait(10)
        return name

    monkeypatch.setattr(single_sign_on, "_free_username", free_username)

    people = at_once(lambda: let_in("one", "ai-risk"), lambda: let_in("two", "ai-risk"))

    assert asked == ["cleo", "cleo"]
    assert people[0] != people[1]
    assert {person.username.partition("-")[0] for person in people} == {"cleo"}


@pytest.mark.django_db(transaction=True)
def test_sign_in_waits_for_administrators_before_it_holds_the_person() -> None:
    """Keeping somebody out locks the administrators and then the person. A sign-in that held the person while it waited for them would be a deadlock."""
    User.system()
    make_user(Role.ADMINISTRATOR)
    person = let_in("dora", "admins")

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            memberships.lock_administrators()
            signing_in = thread.submit(lambda: at_once(lambda: let_in("dora", "ai-risk"))[0])
            wait_for_a_waiter()
            try:
                User.objects.select_for_update(nowait=True).get(pk=person.pk)
            except OperationalError:
                pytest.fail("The sign-in holds the person's row while it waits for the administrators'.")
        signing_in.result(timeout=2 * PATIENCE_SECONDS)

    assert list(person.memberships.values_list("role", flat=True)) == [Role.RISK_MANAGER]


@pytest.mark.django_db(transaction=True)
def test_sign_in_of_somebody_who_is_no_administrator_waits_for_none() -> None:
    make_user(Role.ADMINISTRATOR)
    person = let_in("eve", "ai-risk")

    with transaction.atomic():
        memberships.lock_administrators()
        assert at_once(lambda: let_in("eve", "ai-risk")) == [person]


@pytest.mark.django_db(transaction=True)
def test_taking_another_role_waits_for_no_administrator() -> None:
    administrator, scope = make_user(Role.ADMINISTRATOR), make_scope()
    viewer = make_user(Role.VIEWER, scope=scope)
    held = viewer.memberships.get()

    with transaction.atomic():
        memberships.lock_administrators()
        at_once(lambda: actions.take_role(membership_id=held.pk, reason="left the team", actor=administrator))

    assert not viewer.memberships.exists()


def wait_for_a_waiter() -> None:
    """Until another connection waits for a row that this one holds.

    Only `pg_locks` says so within a transaction: what `pg_stat_activity` shows there stays as it was at the first look, perhaps before the other came.
    """
    end = clocks.now() + datetime.timedelta(seconds=PATIENCE_SECONDS)
    while clocks.now() < end:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))")
            if cursor.fetchone() != (0,):
                return
        time.sleep(ASKED_EVERY_SECONDS)
    pytest.fail("Nobody waits.")
