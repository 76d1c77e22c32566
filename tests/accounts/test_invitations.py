"""Invitations and links to a new password: once, in time, for the one person, telling nothing. SEC-35."""

from __future__ import annotations

import datetime
import html
import json
import re
import threading
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts import actions, invitations
from raiportal.accounts.enums import ORGANISATION_ROLE_MEANINGS, ORGANISATION_ROLES, SCOPE_ROLE_MEANINGS, SCOPE_ROLES, Role, UserKind
from raiportal.accounts.invitations import OfferedRole
from raiportal.accounts.models import Invitation, Membership, User
from raiportal.audit.models import Entry, Payload
from raiportal.errors import Conflict, Invalid, Missing, PolicyDenied
from tests.factories.accounts import PASSWORD, make_review_kind, make_scope, make_user

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another horse and battery"


def token_of(sent: invitations.Sent) -> str:
    return sent.link.rstrip("/").rsplit("/", 1)[1]


def invited(inviter: User, *offered: OfferedRole, **fields: Any) -> invitations.Sent:
    return invitations.invite(name="Ann Newcomer", email="ann@example.test", offered=offered or [OfferedRole(Role.AUDITOR)], actor=inviter, **fields)


def acceptance(**other: str) -> dict[str, str]:
    return {"name": "Ann Newcomer", "username": "ann", "password": PASSWORD, "repeated": PASSWORD, **other}


def test_invited_person_chooses_a_name_and_is_signed_in_with_the_roles() -> None:
    administrator, scope, kind = make_user(Role.ADMINISTRATOR), make_scope(), make_review_kind("privacy")
    sent = invited(administrator, OfferedRole(Role.AUDITOR), OfferedRole(Role.REVIEWER, scope, kind.slug))
    browser, address = Client(), reverse("invitation-accept", args=[token_of(sent)])

    page = browser.get(address)
    answer = browser.post(address, acceptance())

    ann = User.objects.get(username="ann")
    assert page.status_code == 200
    assert "Ann Newcomer" in page.text
    assert answer.status_code == 302
    assert browser.get(reverse("portfolio")).status_code == 200
    assert (ann.name, ann.email) == ("Ann Newcomer", "ann@example.test")
    assert set(ann.memberships.values_list("role", "scope", "review_kind")) == {("auditor", None, None), ("reviewer", scope.pk, "privacy")}
    assert Entry.objects.filter(action="accounts.invitation_accepted", actor=ann).exists()
    assert Entry.objects.get(action="accounts.signed_in", actor=ann).payload.body["details"]["method"] == "invitation"


def test_link_is_mailed_with_the_portals_own_address_and_kept_nowhere(django_capture_on_commit_callbacks: Any, settings: Any) -> None:
    settings.PUBLIC_URL = "https://portal.example.test"
    administrator = make_user(Role.ADMINISTRATOR)
    browser = Client(headers={"Host": "localhost"})
    browser.force_login(administrator)

    with django_capture_on_commit_callbacks(execute=True):
        page = browser.post(reverse("invitation-add"), {"name": "Ann", "email": "ann@example.test", "organisation_roles": ["auditor"]})

    body = mail.outbox[0].body
    link = next(line for line in body.splitlines() if line.startswith("https://"))
    token = link.rstrip("/").rsplit("/", 1)[1]
    assert link.startswith("https://portal.example.test/account/invitation/")
    assert token in page.text
    assert token not in json.dumps(list(Payload.objects.values_list("body", flat=True)))
    assert token not in json.dumps(list(Invitation.objects.values()), default=str)
    assert mail.outbox[0].to == ["ann@example.test"]


def test_used_revoked_expired_and_unknown_links_get_the_same_answer() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    used, revoked, expired = (invited(administrator) for _ in range(3))
    invitations.accept(token=token_of(used), username="ann", name="Ann", password=PASSWORD)
    invitations.revoke(invitation_id=revoked.invitation.pk, reason="wrong person", actor=administrator)
    Invitation.objects.filter(pk=expired.invitation.pk).update(expires_at=clocks.now() - datetime.timedelta(seconds=1))
    tokens = [token_of(used), token_of(revoked), token_of(expired), "never-made"]

    shown = [Client().get(reverse("invitation-accept", args=[token])) for token in tokens]
    sent = [Client().post(reverse("invitation-accept", args=[token]), acceptance(username="other")) for token in tokens]

    assert {answer.status_code for answer in [*shown, *sent]} == {404}
    assert len({answer.text for answer in [*shown, *sent]}) == 1
    assert not User.objects.filter(username="other").exists()


def test_new_link_makes_the_old_one_worthless() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    first = invited(administrator)

    second = invitations.resend(invitation_id=first.invitation.pk, actor=administrator)

    with pytest.raises(Missing):
        invitations.find_usable(token_of(first))
    assert invitations.find_usable(token_of(second)).pk == first.invitation.pk


def test_form_says_in_a_line_what_each_role_is_for() -> None:
    browser = Client()
    browser.force_login(make_user(Role.ADMINISTRATOR))

    page = html.unescape(browser.get(reverse("invitation-add")).text)

    for meanings, roles in ((ORGANISATION_ROLE_MEANINGS, ORGANISATION_ROLES), (SCOPE_ROLE_MEANINGS, SCOPE_ROLES)):
        assert set(meanings) == roles
        for role, meaning in meanings.items():
            assert re.search(rf'value="{role}"[^>]*>\s*<span>{Role(role).label}</span><small>{re.escape(meaning)}</small>', page), role
    assert re.search(r'<div class="for-reviewers"><fieldset.*name="review_kinds"', page, re.DOTALL)


def test_owner_invites_into_their_own_system_and_nowhere_else() -> None:
    mine, other = make_scope(), make_scope()
    owner = make_user(Role.OWNER, scope=mine)

    made = invited(owner, OfferedRole(Role.CONTRIBUTOR, mine))

    assert made.invitation.roles == [{"role": "contributor", "scope": mine.pk, "review_kind": None}]
    for offered in (OfferedRole(Role.CONTRIBUTOR, other), OfferedRole(Role.ADMINISTRATOR), OfferedRole(Role.AUDITOR)):
        with pytest.raises(PolicyDenied):
            invited(owner, OfferedRole(Role.CONTRIBUTOR, mine), offered)
    with pytest.raises(PolicyDenied):
        invitations.invite(name="Ann", email="ann@example.test", offered=[], actor=owner)


def test_role_is_left_out_when_the_inviter_lost_the_right_meanwhile() -> None:
    mine = make_scope()
    owner = make_user(Role.OWNER, scope=mine)
    sent = invited(owner, OfferedRole(Role.CONTRIBUTOR, mine))
    Membership.objects.filter(user=owner).delete()

    ann = invitations.accept(token=token_of(sent), username="ann", name="Ann", password=PASSWORD)

    assert not ann.memberships.exists()


def test_weak_password_taken_name_and_odd_name_use_nothing_up() -> None:
    sent = invited(make_user(Role.ADMINISTRATOR))
    make_user(username="taken")
    address = reverse("invitation-accept", args=[token_of(sent)])

    tried = {"password": "short", "repeated": "short"}, {"username": "taken"}, {"username": "аnn"}, {"repeated": "something else entirely"}
    answers = [Client().post(address, acceptance(**wrong)) for wrong in tried]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 422]
    assert "This name is taken" in answers[1].text
    assert invitations.find_usable(token_of(sent))


def test_invitation_that_was_used_is_neither_revoked_nor_sent_again() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    sent = invited(administrator)
    invitations.accept(token=token_of(sent), username="ann", name="Ann", password=PASSWORD)

    for act in (
        lambda: invitations.revoke(invitation_id=sent.invitation.pk, reason="late", actor=administrator),
        lambda: invitations.resend(invitation_id=sent.invitation.pk, actor=administrator),
    ):
        with pytest.raises(Conflict):
            act()


def test_acceptance_signs_out_who_was_signed_in_before() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    sent = invited(administrator)
    browser = Client()
    browser.force_login(administrator)

    browser.post(reverse("invitation-accept", args=[token_of(sent)]), acceptance())

    assert int(browser.session["_auth_user_id"]) == User.objects.get(username="ann").pk


def test_list_shows_owners_their_own_invitations_alone() -> None:
    scope, administrator = make_scope(), make_user(Role.ADMINISTRATOR)
    owner = make_user(Role.OWNER, scope=scope)
    theirs, others = invited(owner, OfferedRole(Role.VIEWER, scope)), invited(administrator)
    browser = Client()
    browser.force_login(owner)

    page = browser.get(reverse("invitation-list"))
    foreign = browser.post(reverse("invitation-revoke", args=[others.invitation.pk]), {"reason": "mine now"})

    assert page.text.count("Ann Newcomer</th>") + page.text.count("Ann Newcomer<small") == 1
    assert theirs.invitation.pk
    assert foreign.status_code == 404


def test_list_costs_the_same_queries_for_three_and_for_thirty(django_assert_max_num_queries: Any) -> None:
    browser, administrator = Client(), make_user(Role.ADMINISTRATOR)
    browser.force_login(administrator)
    costs = []

    for more in (3, 27):
        for _ in range(more):
            invited(administrator, OfferedRole(Role.VIEWER, make_scope()))
        browser.get(reverse("invitation-list"))
        with django_assert_max_num_queries(40) as cost:
            browser.get(reverse("invitation-list"))
        costs.append(len(cost))

    assert costs[0] == costs[1]


# --- Links to a new password ---
def test_password_link_sets_the_password_once_and_ends_every_session() -> None:
    administrator, person = make_user(Role.ADMINISTRATOR), make_user(Role.AUDITOR, password=PASSWORD)
    signed_in = Client()
    signed_in.force_login(person)
    link = invitations.make_password_link(user_id=person.pk, reason="forgot it", actor=administrator)
    address = reverse("invitation-accept", args=[token_of(link)])

    answer = Client().post(address, {"password": NEW_PASSWORD, "repeated": NEW_PASSWORD})
    again = Client().post(address, {"password": PASSWORD, "repeated": PASSWORD})

    person.refresh_from_db()
    assert answer["Location"] == reverse("account_login")
    assert person.check_password(NEW_PASSWORD)
    assert again.status_code == 404
    assert signed_in.get(reverse("portfolio")).status_code == 302


def test_password_link_is_void_after_another_one_or_a_change_of_the_password() -> None:
    administrator, person = make_user(Role.ADMINISTRATOR), make_user(Role.AUDITOR, password=PASSWORD)
    first = invitations.make_password_link(user_id=person.pk, reason="asked", actor=administrator)
    second = invitations.make_password_link(user_id=person.pk, reason="asked again", actor=administrator)
    browser = Client()
    browser.force_login(person)

    after_second = Client().get(reverse("invitation-accept", args=[token_of(first)])).status_code
    browser.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    after_change = Client().get(reverse("invitation-accept", args=[token_of(second)])).status_code

    assert (after_second, after_change) == (404, 404)


def test_password_link_is_no_invitation_and_the_other_way_round() -> None:
    administrator, person = make_user(Role.ADMINISTRATOR), make_user(Role.AUDITOR, password=PASSWORD)
    link = invitations.make_password_link(user_id=person.pk, reason="asked", actor=administrator)
    invitation = invited(administrator)

    with pytest.raises(Missing):
        invitations.accept(token=token_of(link), username="ann", name="Ann", password=PASSWORD)
    with pytest.raises(Missing):
        invitations.set_password_by_link(token=token_of(invitation), password=NEW_PASSWORD)


def test_only_administrators_make_password_links() -> None:
    person = make_user(Role.AUDITOR, password=PASSWORD)

    with pytest.raises(PolicyDenied):
        invitations.make_password_link(user_id=person.pk, reason="curious", actor=make_user(Role.RISK_MANAGER))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_gets_the_account() -> None:
    """Two connections and a barrier: the second waits for the first one's lock and finds the link used."""
    sent = invited(make_user(Role.ADMINISTRATOR))
    barrier, outcomes = threading.Barrier(2), []

    def accept(username: str) -> None:
        try:
            barrier.wait(10)
            invitations.accept(token=token_of(sent), username=username, name=username, password=PASSWORD)
            outcomes.append("in")
        except (Missing, Invalid) as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=(name,)) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(outcomes) == ["Missing", "in"]
    assert User.objects.filter(username__in=["ann", "bob"]).count() == 1


def test_acceptance_that_fails_later_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = invited(make_user(Role.ADMINISTRATOR))
    monkeypatch.setattr(actions, "give_role", lambda **_: 1 / 0)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        invitations.accept(token=token_of(sent), username="ann", name="Ann", password=PASSWORD)

    assert not User.objects.filter(username="ann").exists()
    assert invitations.find_usable(token_of(sent))


@pytest.mark.parametrize("kind", [UserKind.SERVICE, UserKind.SYSTEM])
def test_password_link_is_for_people_alone(kind: UserKind) -> None:
    somebody = User.system() if kind == UserKind.SYSTEM else make_user(kind=kind)

    with pytest.raises(Conflict, match="Only people"):
        invitations.make_password_link(user_id=somebody.pk, reason="forgot it", actor=make_user(Role.ADMINISTRATOR))
