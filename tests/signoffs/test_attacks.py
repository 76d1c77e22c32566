"""Ways round a sign-off, by the pages, by the API, by other roles and by the database: SEC-15 to SEC-19, REL-27. Each is refused and leaves nothing behind."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse

from harms import actions as harm_actions
from harms.enums import HarmState, ImportFormat
from harms.models import Harm
from raiportal import clocks
from raiportal.accounts import actions as accounts
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import Membership, ReviewKind, User
from raiportal.audit import ledger
from raiportal.errors import WrongState
from raiportal.evidence import actions as evidence
from raiportal.signoffs import actions, selectors
from raiportal.signoffs.enums import Held, RequestState
from raiportal.signoffs.kinds import Rules
from raiportal.signoffs.models import SignOff, SignOffRequest
from tests.factories.accounts import headers, make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system
from tests.harms.deciding import Scene as HarmScene
from tests.signoffs.kind import ROLES, registered
from tests.signoffs.scene import Scene

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
REFUSED = {403, 404}


def _browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _verdict(request: SignOffRequest, role: str, **given: Any) -> dict[str, Any]:
    return {"role": role, "verdict": "approve", "reason": "Read it.", "seen": request.digest, **given}


def _by_page(request: SignOffRequest, user: User, role: str) -> int:
    sent = {"way": role, "verdict": "approve", "reason": "Read it.", "seen": request.digest}
    return int(_browser(user).post(reverse("sign-off-sign", args=[request.pk]), sent).status_code)


def _by_api(request: SignOffRequest, user: User, role: str, **given: Any) -> int:
    address = f"/api/v1/sign-off-requests/{request.pk}/sign/"
    return int(Client().post(address, _verdict(request, role, **given), content_type="application/json", headers=headers(user)).status_code)


# --- SEC-15: nobody signs what they had a hand in ---
def _second_role(scene: Scene) -> tuple[User, str]:
    Membership.objects.create(
        user=scene.author, role=Role.REVIEWER, scope=scene.system.scope, review_kind=ReviewKind.objects.get(slug="legal"), created_by=scene.manager
    )
    return scene.author, "reviewer:legal"


def _by_a_group(scene: Scene) -> tuple[User, str]:
    """As single sign-on gives roles from the provider's groups."""
    Membership.objects.create(user=scene.owner, role=Role.RISK_MANAGER, scope=None, created_by=User.system())
    return scene.owner, "risk_manager"


def _every_role_there_is(scene: Scene) -> tuple[User, str]:
    """What a superuser is elsewhere: whoever holds all roles signs no more of their own work than anybody."""
    for role in (Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.EXECUTIVE, Role.INCIDENT_RESPONDER):
        Membership.objects.get_or_create(user=scene.author, role=role, scope=None, defaults={"created_by": scene.manager})
    return scene.author, "risk_manager"


def _another_owner_of_the_row(scene: Scene) -> tuple[User, str]:
    """The row says that somebody else wrote it; the ledger doesn't."""
    Harm.objects.filter(pk=scene.harm.pk).update(created_by=make_user())
    return scene.author, "risk_manager"


def _somebody_else_hands_the_same_in_again(scene: Scene) -> tuple[User, str]:
    actions.withdraw(request_id=scene.request.pk, reason="Once more.", actor=scene.owner)
    other = make_user(Role.OWNER, scope=scene.system.scope)
    ledger.apply_changes(scene.harm, actor=other, action="harms.harm_changed", title="Somebody else's words")
    ledger.apply_changes(scene.harm, actor=other, action="harms.harm_changed", title="A harm again")
    scene.request = actions.request_sign_off(kind="tests.acceptance", subject_id=scene.harm.pk, actor=other)
    return scene.author, "risk_manager"


def _their_own_program(scene: Scene) -> tuple[User, str]:
    """A service account that the author keeps edits; the author signs."""
    robot = make_user(Role.CONTRIBUTOR, scope=scene.system.scope, kind=UserKind.SERVICE, name="Robot")
    keeper = make_user(Role.ADMINISTRATOR, Role.RISK_MANAGER)
    accounts.make_token(owner=robot, name="nightly", ability="all", scopes=[], actor=keeper)
    actions.withdraw(request_id=scene.request.pk, reason="Once more.", actor=scene.owner)
    ledger.apply_changes(scene.harm, actor=robot, action="harms.harm_changed", title="By a program")
    scene.request = actions.request_sign_off(kind="tests.acceptance", subject_id=scene.harm.pk, actor=scene.owner)
    return keeper, "risk_manager"


WAYS: dict[str, Callable[[Scene], tuple[User, str]]] = {
    "author": lambda scene: (scene.author, "risk_manager"),
    "requester": lambda scene: (scene.owner, "risk_manager"),
    "second role": _second_role,
    "group": _by_a_group,
    "every role": _every_role_there_is,
    "another author": _another_owner_of_the_row,
    "handed in by another": _somebody_else_hands_the_same_in_again,
    "own program": _their_own_program,
}


@pytest.mark.parametrize("way", WAYS)
def test_nobody_signs_their_own_work_by_any_way(scene: Scene, way: str) -> None:
    """SEC-15: by the page, by the API, and past both, by the database."""
    person, role = WAYS[way](scene)
    person = User.objects.get(pk=person.pk)

    answers = {_by_page(scene.request, person, role), _by_api(scene.request, person, role)}

    assert answers <= REFUSED
    fields = {"role": role, "verdict": "approve", "reason": "x", "digest": scene.request.digest, "valid_until": clocks.now() + DAY}
    with pytest.raises(IntegrityError), transaction.atomic():
        SignOff.objects.create(request=scene.request, person=person, **fields)
    assert not SignOff.objects.exists()


def test_an_author_signs_through_no_stand_in(scene: Scene) -> None:
    """SEC-15: whoever stands in for an author is bound as the author is."""
    helper = make_user(Role.VIEWER, scope=scene.system.scope)
    now = clocks.now()
    actions.name_stand_in(person=helper, for_person=scene.author, from_at=now, until_at=now + DAY, reason="Away.", actor=scene.author)

    assert _by_api(scene.request, helper, "risk_manager", stand_in_for=scene.author.username) in REFUSED
    assert not SignOff.objects.exists()


# --- SEC-16, REL-27: what was signed is what holds ---
def _by_the_api(harm: Harm, owner: User) -> None:
    sent = {"severity": 4, "frequency": 4, "rationale": "Seen again."}
    answer = Client().post(f"/api/v1/harms/{harm.pk}/assess/", sent, content_type="application/json", headers=headers(owner))
    assert answer.status_code == 201, answer.content


def _by_the_page(harm: Harm, owner: User) -> None:
    sent = {"title": "Another harm", "description": harm.description, "category": harm.category_id, "origin": harm.origin, "owner": ""}
    assert _browser(owner).post(reverse("harm-edit", args=[harm.pk]), sent).status_code == 302


def _by_evidence(harm: Harm, owner: User) -> None:
    evidence.add_link(subject=harm, url="https://example.org/pilot", title="The pilot", actor=owner)


def _by_merging(harm: Harm, owner: User) -> None:
    worse = make_harm(harm.system, assessed=(5, 5), actor=owner)
    harm_actions.merge_harms(harm_id=worse.pk, into_id=harm.pk, reason="One harm.", actor=owner)


EDITS = {"the API": _by_the_api, "the page": _by_the_page, "evidence": _by_evidence, "merging": _by_merging}


@pytest.mark.parametrize("way", sorted(EDITS))
def test_a_change_in_the_same_second_ends_the_approval(way: str) -> None:
    """SEC-16, REL-27: whatever way it comes, the acceptance ends in the change's own transaction, and those who signed are told."""
    scene = HarmScene()
    harm, request = scene.accepted()

    EDITS[way](harm, scene.owner)

    harm.refresh_from_db()
    request.refresh_from_db()
    assert harm.state != HarmState.ACCEPTED
    assert (request.ended_why, request.ended_at is not None) == ("stale", True)
    assert selectors.standing("harms.acceptance", harm).state == Held.STALE


def test_an_import_changes_nothing_that_was_signed() -> None:
    """REL-27: a file's row whose title is there is a duplicate; what is there stays, and so does its acceptance."""
    scene = HarmScene()
    harm, request = scene.accepted()
    rows = f"title,category,origin,inherent_severity,inherent_frequency,rationale\n{harm.title},{harm.category.slug},model,5,5,Worse\n"

    imported = harm_actions.import_harms(system=harm.system, content=rows.encode(), file_name="harms.csv", format=ImportFormat.CSV, actor=scene.owner)

    harm.refresh_from_db()
    request.refresh_from_db()
    assert not imported.fresh
    assert (harm.state, request.ended_at) == (HarmState.ACCEPTED, None)


def test_the_clock_ends_it_before_anybody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-18, REL-27: an approval older than its validity doesn't hold, also while the task that ends it hasn't run."""
    scene = HarmScene()
    harm, request = scene.accepted()
    later = (request.valid_until or clocks.now()) + DAY
    monkeypatch.setattr(clocks, "now", lambda: later)

    assert selectors.standing("harms.acceptance", harm).state == Held.LAPSED


# --- SEC-17: removing what is required opens nothing ---
def test_rules_that_shrink_leave_a_waiting_request_as_it_was_asked() -> None:
    """SEC-17: the rules were copied into the request when it was made."""
    needed = [*ROLES]
    with registered(rules=lambda harm: Rules(tuple(needed), 90)):
        scene = Scene()
        scene.sign(scene.manager, "risk_manager")
        needed.pop()

        assert scene.held == Held.OPEN
        assert [lack.role for lack in selectors.standing("tests.acceptance", scene.harm).missing] == ["reviewer:legal"]


@pytest.mark.parametrize("loss", ["role", "account", "review kind"])
def test_losing_a_reviewer_who_has_not_signed_opens_nothing(scene: Scene, loss: str) -> None:
    """SEC-17: the role is still missing, whoever held it."""
    scene.sign(scene.manager, "risk_manager")
    if loss == "role":
        Membership.objects.filter(user=scene.lawyer).delete()
    elif loss == "account":
        User.objects.filter(pk=scene.lawyer.pk).update(is_active=False)
    else:
        with pytest.raises(ProtectedError):
            ReviewKind.objects.get(slug="legal").delete()

    assert scene.held == Held.OPEN
    assert [lack.role for lack in selectors.standing("tests.acceptance", scene.harm).missing] == ["reviewer:legal"]


def test_whoever_left_before_the_last_signature_does_not_count(scene: Scene) -> None:
    """SEC-17: the account of an earlier signer is closed; the last signature approves nothing."""
    scene.sign(scene.manager, "risk_manager")
    User.objects.filter(pk=scene.manager.pk).update(is_active=False)

    with pytest.raises(WrongState, match="signer has no account"):
        scene.sign(scene.lawyer, "reviewer:legal")

    scene.request.refresh_from_db()
    assert scene.request.state == RequestState.OPEN


def test_whoever_lost_the_role_before_the_last_signature_does_not_count(scene: Scene) -> None:
    """SEC-17: at the moment of the approval each signer holds the role that is asked for."""
    scene.sign(scene.manager, "risk_manager")
    Membership.objects.filter(user=scene.manager).delete()

    with pytest.raises(WrongState, match="no longer holds the role"):
        scene.sign(scene.lawyer, "reviewer:legal")

    scene.request.refresh_from_db()
    assert scene.request.state == RequestState.OPEN
    assert not SignOff.objects.filter(person=scene.lawyer).exists()


def test_a_role_that_was_held_when_signing_counts_and_no_longer_opens(scene: Scene) -> None:
    """SEC-17: what was signed in a role stays signed when the role moves on; whoever lost it signs nothing more, and another has to."""
    scene.sign(scene.manager, "risk_manager")
    Membership.objects.filter(user=scene.lawyer).delete()

    assert _by_api(scene.request, User.objects.get(pk=scene.lawyer.pk), "reviewer:legal") in REFUSED
    scene.sign(make_user(Role.REVIEWER, scope=scene.system.scope), "reviewer:legal")
    Membership.objects.filter(user=scene.manager).delete()

    assert scene.held == Held.APPROVED


# --- SEC-18: nothing is opened sideways ---
@pytest.mark.parametrize(("method", "body"), [("patch", {"state": "approved"}), ("put", {"state": "approved"}), ("delete", {})])
def test_a_state_is_nothing_that_can_be_sent(scene: Scene, method: str, body: dict[str, str]) -> None:
    """SEC-18: over the API, by everybody who could sign."""
    for person in (scene.owner, scene.manager, scene.lawyer):
        address = f"/api/v1/sign-off-requests/{scene.request.pk}/"
        answer = getattr(Client(), method)(address, body, content_type="application/json", headers=headers(person))
        assert answer.status_code in {403, 404, 405}

    assert scene.held == Held.OPEN


def test_a_harm_is_accepted_by_no_field(scene: Scene) -> None:
    """SEC-18: neither its state nor the end of its acceptance can be sent with a change."""
    for body in ({"state": "accepted"}, {"accepted_until": "2099-01-01T00:00:00Z"}, {"state_before": "accepted"}):
        answer = Client().patch(f"/api/v1/harms/{scene.harm.pk}/", body, content_type="application/json", headers=headers(scene.owner))
        assert answer.status_code in {400, 422}, answer.content

    scene.harm.refresh_from_db()
    assert scene.harm.state != HarmState.ACCEPTED


def test_a_signed_request_sent_again_signs_nothing_else(scene: Scene) -> None:
    """SEC-18: the same verdict twice, and on a newer request that asks for something else."""
    assert _by_api(scene.request, scene.manager, "risk_manager") == 201
    assert _by_api(scene.request, scene.manager, "risk_manager") == 409
    old = scene.request
    scene.edit("Something else")
    scene.request = actions.request_sign_off(kind="tests.acceptance", subject_id=scene.harm.pk, actor=scene.owner)

    assert _by_api(old, scene.lawyer, "reviewer:legal") == 409
    assert _by_api(scene.request, scene.lawyer, "reviewer:legal", seen=old.digest) == 409
    assert not scene.request.sign_offs.exists()


def test_an_approval_that_ended_is_not_opened_again(scene: Scene) -> None:
    """SEC-18: neither by bringing back what was signed, nor in the database."""
    scene.approve()
    scene.edit("Something else")
    actions.recheck(scene.harm, actor=scene.author)
    scene.edit("Gives a wrong dose")

    assert scene.held != Held.APPROVED
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("update sign_off_request set ended_at = null, ended_why = ''")


# --- SEC-19: in one's own discipline, system and time ---
def test_reviewers_sign_their_own_discipline_in_their_own_system(scene: Scene) -> None:
    """SEC-19: the privacy reviewer doesn't sign the legal review, nor does the lawyer of another system."""
    privacy = make_user(Role.REVIEWER, scope=scene.system.scope, review_kind="privacy")
    elsewhere = make_user(Role.REVIEWER, scope=make_system().scope)

    for person, role in ((privacy, "reviewer:legal"), (privacy, "reviewer:privacy"), (elsewhere, "reviewer:legal")):
        assert _by_page(scene.request, person, role) in REFUSED
        assert _by_api(scene.request, person, role) in REFUSED
        fields = {"role": role, "verdict": "approve", "reason": "x", "digest": scene.request.digest, "valid_until": clocks.now() + DAY}
        with pytest.raises(IntegrityError), transaction.atomic():
            SignOff.objects.create(request=scene.request, person=person, **fields)
    assert not SignOff.objects.exists()


def test_a_stand_in_signs_until_the_end_of_their_time_over_the_api_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-19: after the delegation's end."""
    helper = make_user(Role.VIEWER, scope=scene.system.scope)
    now = clocks.now()
    actions.name_stand_in(person=helper, for_person=scene.lawyer, from_at=now - DAY, until_at=now + DAY, reason="Away.", actor=scene.lawyer)
    monkeypatch.setattr(clocks, "now", lambda: now + 2 * DAY)

    assert _by_api(scene.request, helper, "reviewer:legal", stand_in_for=scene.lawyer.username) in REFUSED
    assert not SignOff.objects.exists()
