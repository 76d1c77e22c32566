"""Giving and taking roles: kinds of review, ends, sources, nobody above their own role, and an administrator who remains. SEC-11, SEC-13, INV-31."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, connections, transaction

from raiportal import clocks
from raiportal.accounts import actions, roles
from raiportal.accounts.actions import memberships
from raiportal.accounts.enums import ORGANISATION_ROLES, SCOPE_ROLES, Role, Source
from raiportal.accounts.models import Membership, User
from raiportal.audit.models import Entry
from raiportal.errors import Conflict, Invalid, PolicyDenied
from tests.factories.accounts import make_review_kind, make_scope, make_user

DAY = datetime.timedelta(days=1)


def kind_for(role: Role) -> str | None:
    return make_review_kind().slug if role == Role.REVIEWER else None


# --- Who gives what ---


@pytest.mark.django_db
def test_nobody_gives_or_takes_a_role_above_their_own() -> None:
    """SEC-11: an owner gives every role in their system, none elsewhere and none of the organisation; nobody else gives any."""
    scope, elsewhere, somebody = make_scope(), make_scope(), make_user()
    givers = {role: make_user(role, scope=scope) for role in SCOPE_ROLES} | {f"organisation {role}": make_user(role) for role in ORGANISATION_ROLES}
    attempts = [(role, place) for place, held in ((scope, SCOPE_ROLES), (elsewhere, SCOPE_ROLES), (None, ORGANISATION_ROLES)) for role in held]

    given = set()
    for name, giver in givers.items():
        for role, place in attempts:
            try:
                with transaction.atomic():
                    held = actions.give_role(user=somebody, role=role, scope=place, review_kind=kind_for(role), actor=giver)
                    actions.take_role(membership_id=held.pk, reason="tried", actor=giver)
                    transaction.set_rollback(True)
            except PolicyDenied:
                continue
            given.add((str(name), "own" if place == scope else "elsewhere" if place else "organisation"))

    assert given == {
        *(("organisation administrator", place) for place in ("own", "elsewhere", "organisation")),
        *(("organisation risk_manager", place) for place in ("own", "elsewhere")),
        ("owner", "own"),
    }


@pytest.mark.django_db
def test_owner_cannot_raise_themselves() -> None:
    scope = make_scope()
    owner = make_user(Role.OWNER, scope=scope)

    for role in ORGANISATION_ROLES:
        with pytest.raises(PolicyDenied):
            actions.give_role(user=owner, role=role, actor=owner)

    assert set(owner.memberships.values_list("role", flat=True)) == {Role.OWNER}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "in_scope", "kind", "field"),
    [
        (Role.REVIEWER, True, None, "review_kind"),
        (Role.REVIEWER, True, "no-such-kind", "review_kind"),
        (Role.VIEWER, True, "legal", "review_kind"),
        (Role.AUDITOR, True, None, "role"),
        (Role.OWNER, False, None, "role"),
    ],
)
def test_role_that_fits_neither_place_nor_kind_is_refused(role: Role, in_scope: bool, kind: str | None, field: str) -> None:
    make_review_kind("legal")
    administrator, somebody = make_user(Role.ADMINISTRATOR), make_user()

    with pytest.raises(Invalid) as refused:
        actions.give_role(user=somebody, role=role, scope=make_scope() if in_scope else None, review_kind=kind, actor=administrator)

    assert refused.value.field == field
    assert not somebody.memberships.exists()


@pytest.mark.django_db
def test_reviewer_reviews_the_kinds_that_were_given_in_that_system_alone() -> None:
    scope, elsewhere, owner, reviewer = make_scope(), make_scope(), make_user(), make_user()
    Membership.objects.create(user=owner, role=Role.OWNER, scope=scope, created_by=owner)
    for kind in ("legal", "privacy"):
        make_review_kind(kind)

    first = actions.give_role(user=reviewer, role=Role.REVIEWER, scope=scope, review_kind="legal", actor=owner)
    again = actions.give_role(user=reviewer, role=Role.REVIEWER, scope=scope, review_kind="legal", actor=owner)
    actions.give_role(user=reviewer, role=Role.REVIEWER, scope=scope, review_kind="privacy", actor=owner)

    assert first == again
    assert roles.reviews(reviewer, "legal", scope_id=scope.pk)
    assert roles.reviews(reviewer, "privacy", scope_id=scope.pk)
    assert not roles.reviews(reviewer, "security", scope_id=scope.pk)
    assert not roles.reviews(reviewer, "legal", scope_id=elsewhere.pk)


# --- Ends and sources ---


@pytest.mark.django_db
def test_role_ends_by_itself_and_its_end_can_be_moved() -> None:
    scope, administrator, viewer = make_scope(), make_user(Role.ADMINISTRATOR), make_user()
    held = actions.give_role(user=viewer, role=Role.VIEWER, scope=scope, until=clocks.now() + DAY, actor=administrator)
    assert roles.sees(viewer, scope.pk)

    Membership.objects.filter(pk=held.pk).update(until=clocks.now())
    roles.forget(viewer)
    assert not roles.sees(viewer, scope.pk)

    actions.give_role(user=viewer, role=Role.VIEWER, scope=scope, actor=administrator)
    assert roles.sees(viewer, scope.pk)
    assert Entry.objects.filter(action="accounts.role_changed").count() == 1


@pytest.mark.django_db
def test_single_sign_on_leaves_roles_alone_that_were_given_by_hand() -> None:
    administrator, somebody = make_user(Role.ADMINISTRATOR), make_user()
    by_hand = actions.give_role(user=somebody, role=Role.AUDITOR, until=clocks.now() + DAY, actor=administrator)

    mapped = actions.give_role(user=somebody, role=Role.AUDITOR, source=Source.SINGLE_SIGN_ON, actor=User.system())
    other = actions.give_role(user=somebody, role=Role.EXECUTIVE, source=Source.SINGLE_SIGN_ON, actor=User.system())
    taken_over = actions.give_role(user=somebody, role=Role.EXECUTIVE, actor=administrator)

    assert (mapped.source, mapped.until) == (Source.MANUAL, by_hand.until)
    assert (other.source, taken_over.source) == (Source.SINGLE_SIGN_ON, Source.MANUAL)


# --- An administrator remains ---

LOSSES: dict[str, Callable[[User, User], object]] = {
    "the role is taken": lambda last, by: actions.take_role(membership_id=last.memberships.get(role=Role.ADMINISTRATOR).pk, reason="tidying", actor=by),
    "they are kept out": lambda last, by: actions.set_active(user_id=last.pk, is_active=False, reason="tidying", actor=by),
    "the role gets an end": lambda last, by: actions.give_role(user=last, role=Role.ADMINISTRATOR, until=clocks.now() + DAY, actor=by),
}


@pytest.mark.django_db
@pytest.mark.parametrize("way", LOSSES)
def test_last_administrator_without_an_end_stays(way: str) -> None:
    """SEC-11: an administrator whose role has an end doesn't count, nor one who is kept out."""
    last, ending, out = (make_user(Role.ADMINISTRATOR) for _ in range(3))
    Membership.objects.filter(user=ending).update(until=clocks.now() + DAY)
    User.objects.filter(pk=out.pk).update(is_active=False)

    with pytest.raises(Conflict) as refused:
        LOSSES[way](last, ending)

    assert refused.value.code == "last_administrator"
    assert Membership.objects.filter(user=last, until=None).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", LOSSES)
def test_two_administrators_at_once_cannot_take_each_other_away(way: str) -> None:
    """Two connections that begin together: the second waits for the first and is refused."""
    pair = [make_user(Role.ADMINISTRATOR) for _ in range(2)]
    assert lost_at_once(pair, LOSSES[way]) == ["Conflict", "done"]
    assert lasting() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with lock and trigger off, the same two attempts leave nobody."""
    pair = [make_user(Role.ADMINISTRATOR) for _ in range(2)]
    asked = Barrier(2)

    def ask_and_wait(user: User) -> None:
        asked.wait(10)

    monkeypatch.setattr(memberships, "lock_administrators", lambda: None)
    monkeypatch.setattr(memberships, "require_another_administrator", ask_and_wait)
    with connection.cursor() as cursor:
        cursor.execute("alter table account_membership disable trigger membership_leaves_administrator")
    try:
        found = lost_at_once(pair, LOSSES["the role is taken"])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table account_membership enable trigger membership_leaves_administrator")

    assert (found, lasting()) == (["done", "done"], 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["deleted", "ended", "kept out"])
def test_database_refuses_to_lose_the_last_administrator(way: str) -> None:
    """INV-31, past all actions."""
    last = make_user(Role.ADMINISTRATOR)
    changes = {
        "deleted": lambda: Membership.objects.filter(user=last).delete(),
        "ended": lambda: Membership.objects.filter(user=last).update(until=clocks.now() + DAY),
        "kept out": lambda: User.objects.filter(pk=last.pk).update(is_active=False),
    }

    with pytest.raises(IntegrityError, match="there has to be an active administrator"):
        changes[way]()


def lost_at_once(pair: list[User], lose: Callable[[User, User], object]) -> list[str]:
    """What became of two attempts, each by one of the pair on the other, that begin at the same moment."""
    begin = Barrier(2)

    def attempt(last: User, by: User) -> str:
        with closing(connections["default"]):
            begin.wait(10)
            try:
                lose(User.objects.get(pk=last.pk), User.objects.get(pk=by.pk))
            except (Conflict, PolicyDenied) as refusal:
                return "Conflict" if isinstance(refusal, Conflict) or "administrator" in str(refusal) else repr(refusal)
            return "done"

    with ThreadPoolExecutor(2) as threads:
        attempts = [threads.submit(attempt, *one) for one in (pair, pair[::-1])]
        return sorted(attempt.result(timeout=20) for attempt in attempts)


def lasting() -> int:
    return Membership.objects.filter(role=Role.ADMINISTRATOR, scope=None, until=None, user__is_active=True).count()
