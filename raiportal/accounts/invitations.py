"""Links that let somebody in once: to a new account with its roles, or to a new password. The link itself is shown and mailed, never kept."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts import actions, notices, policies, sign_ins
from raiportal.accounts.actions.people import NAME_TAKEN, require_sound
from raiportal.accounts.enums import InvitationKind, Role, UserKind
from raiportal.accounts.models import Invitation, ReviewKind, Scope, User
from raiportal.audit import ledger
from raiportal.errors import Conflict, Invalid, Missing

INVITATION_DAYS = 7
PASSWORD_LINK_DAYS = 1
TOKEN_BYTES = 32
NOT_USABLE = "This link doesn't work. It may have been used, taken back or run out; ask whoever sent it for another one."


@dataclass(frozen=True)
class OfferedRole:
    """A role that comes with an invitation, for the organisation (`scope` None) or in one scope; a reviewer's has its kind's slug."""

    role: Role
    scope: Scope | None = None
    review_kind: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"role": self.role.value, "scope": self.scope.pk if self.scope else None, "review_kind": self.review_kind}


@dataclass(frozen=True)
class Sent:
    """A link that was just made. `link` can't be read again; `is_mailed` says whether it was handed over for mailing."""

    invitation: Invitation
    link: str
    is_mailed: bool


def invitations_visible_to(user: User) -> QuerySet[Invitation]:
    """Invitations to accounts, the newest first: all of them to those who may read about people, otherwise one's own."""
    found = Invitation.objects.filter(kind=InvitationKind.ACCOUNT).select_related("created_by", "user").order_by("-pk")
    return found if policies.may_read_everything(user) else found.filter(created_by=user)


def role_names_of(found: Sequence[Invitation]) -> dict[int, list[str]]:
    """What each invitation offers, in words, by its id; in one query."""
    wanted = {each["scope"] for invitation in found for each in invitation.roles if each["scope"]}
    scopes = dict(Scope.objects.filter(pk__in=wanted).values_list("pk", "name"))
    return {invitation.pk: _role_names(invitation, scopes) for invitation in found}


def _role_names(invitation: Invitation, scopes: Mapping[int, str]) -> list[str]:
    names = []
    for each in invitation.roles:
        kind = f" ({each['review_kind'].replace('-', ' ')})" if each["review_kind"] else ""
        place = f" of {scopes.get(each['scope'], 'a system that is gone')}" if each["scope"] else ""
        names.append(Role(each["role"]).label + kind + place)
    return names


@transaction.atomic
def invite(*, name: str, email: str, offered: Sequence[OfferedRole], actor: User) -> Sent:
    """Invite somebody to an account with these roles. Raises PolicyDenied for a role that the actor may not give, and without a role."""
    if not offered:
        policies.may_manage_people(actor).require()
    for each in offered:
        policies.may_give_role(actor, each.role, each.scope.pk if each.scope else None).require()
        _require_fitting(each)
    invitation, token = _make(
        InvitationKind.ACCOUNT, actor, days=INVITATION_DAYS, name=name.strip(), email=email.strip(), roles=[each.as_json() for each in offered]
    )
    ledger.record(
        "accounts.invited", subject=invitation, actor=actor, name=invitation.name, email=invitation.email, roles=invitation.roles, until=invitation.expires_at
    )
    return _send(invitation, token, actor)


def _require_fitting(offered: OfferedRole) -> None:
    if (offered.role == Role.REVIEWER) != (offered.review_kind is not None):
        raise Invalid("A reviewer reviews one kind; other roles have none.", field="review_kind")


@transaction.atomic
def resend(*, invitation_id: int, actor: User) -> Sent:
    """A new link for an invitation that nobody has used; the old one stops working. Raises Conflict when it was used or taken back."""
    invitation = _lock(invitation_id)
    policies.may_handle_invitation(actor, invitation).require()
    _require_unused(invitation)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    until = clocks.now() + datetime.timedelta(days=INVITATION_DAYS)
    Invitation.objects.filter(pk=invitation.pk).update(digest=_digest(token), expires_at=until)
    invitation.expires_at = until
    ledger.record("accounts.invited_again", subject=invitation, actor=actor, until=until)
    return _send(invitation, token, actor)


@transaction.atomic
def revoke(*, invitation_id: int, reason: str, actor: User) -> None:
    """Take an invitation back. Raises Conflict when it was used; taking it back again changes nothing."""
    invitation = _lock(invitation_id)
    policies.may_handle_invitation(actor, invitation).require()
    if invitation.used_at is not None:
        raise Conflict("This invitation has been used. Keep the person out under their account instead.")
    if invitation.revoked_at is None:
        ledger.apply_changes(invitation, actor=actor, action="accounts.invitation_revoked", reason=reason, revoked_at=clocks.now())


@transaction.atomic
def make_password_link(*, user_id: int, reason: str, actor: User) -> Sent:
    """A link by which somebody sets a new password; earlier ones of theirs stop working."""
    policies.may_manage_people(actor).require()
    user = User.objects.select_for_update().get(pk=user_id)
    if user.kind != UserKind.PERSON:
        raise Conflict("Only people sign in by a password. A service account comes with a token.", code="not_a_person")
    if not user.is_active:
        raise Conflict(f"{user.name} is kept out. Let them in again first.")
    void_password_links(user)
    invitation, token = _make(InvitationKind.PASSWORD, actor, days=PASSWORD_LINK_DAYS, name=user.name, email=user.email, user=user)
    ledger.record("accounts.password_link_made", subject=user, actor=actor, reason=reason, until=invitation.expires_at)
    return _send(invitation, token, actor)


def void_password_links(user: User) -> None:
    """Called when the password changes: links that were made before it are worth nothing."""
    unused = Invitation.objects.filter(kind=InvitationKind.PASSWORD, user=user, used_at=None, revoked_at=None)
    unused.update(revoked_at=clocks.now())


def find_usable(token: str) -> Invitation:
    """The invitation behind a link. Raises Missing with one sentence for used, revoked, expired and unknown alike."""
    invitation = Invitation.objects.select_related("user").filter(digest=_digest(token)).first()
    return _require_usable(invitation)


@transaction.atomic
def accept(*, token: str, username: str, name: str, password: str) -> User:
    """Make the account that an invitation offers, with its roles, and use the invitation up; of two at the same time one gets Missing.

    Roles of which the inviter has lost the right to give them meanwhile are left out. Raises Invalid on a weak password or a taken name.
    """
    invitation = _take(token, InvitationKind.ACCOUNT)
    user = User(username=username.strip().lower(), name=name.strip(), email=invitation.email)
    require_sound(user, password)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise Invalid(NAME_TAKEN, field="username") from None
    ledger.record("accounts.user_added", subject=user, actor=user, username=user.username, kind=user.kind, invitation=invitation.pk)
    for offered in _roles_offered(invitation):
        actions.give_role(user=user, role=offered.role, scope=offered.scope, review_kind=offered.review_kind, actor=invitation.created_by)
    ledger.apply_changes(invitation, actor=user, action="accounts.invitation_accepted", used_at=clocks.now(), user=user)
    return user


@transaction.atomic
def set_password_by_link(*, token: str, password: str) -> User:
    """Set the password of the person whom a link was made for, and end all their sessions. Raises Missing, or Invalid on a weak password."""
    invitation = _take(token, InvitationKind.PASSWORD)
    user = User.objects.select_for_update().filter(pk=invitation.user_id or 0, is_active=True).first()
    if user is None:
        raise Missing(NOT_USABLE)
    require_sound(user, password)
    user.set_password(password)
    user.save(update_fields=["password"])
    ledger.apply_changes(invitation, actor=user, action="accounts.password_link_used", used_at=clocks.now())
    void_password_links(user)
    sign_ins.forget_others(user, None)
    notices.tell(user, notices.PASSWORD_RESET)
    return user


def _make(kind: InvitationKind, actor: User, *, days: int, **fields: Any) -> tuple[Invitation, str]:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    until = clocks.now() + datetime.timedelta(days=days)
    return Invitation.objects.create(kind=kind, digest=_digest(token), expires_at=until, created_by=actor, **fields), token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _lock(invitation_id: int) -> Invitation:
    invitation = Invitation.objects.select_for_update().filter(pk=invitation_id).first()
    if invitation is None:
        raise Missing("There is no such invitation.")
    return invitation


def _require_unused(invitation: Invitation) -> None:
    if invitation.used_at is not None:
        raise Conflict("This invitation has been used.")
    if invitation.revoked_at is not None:
        raise Conflict("This invitation was taken back. Invite the person anew.")


def _take(token: str, kind: InvitationKind) -> Invitation:
    """The usable invitation under its lock: whoever comes second waits here and then finds it used."""
    return _require_usable(Invitation.objects.select_for_update(of=("self",)).filter(digest=_digest(token), kind=kind).first())


def _require_usable(invitation: Invitation | None) -> Invitation:
    if invitation is None or not invitation.is_open(clocks.now()):
        raise Missing(NOT_USABLE)
    return invitation


def _roles_offered(invitation: Invitation) -> Iterable[OfferedRole]:
    """What was offered, as far as it still exists and the inviter may still give it."""
    for each in invitation.roles:
        scope = Scope.objects.filter(pk=each["scope"]).first() if each["scope"] else None
        kind = ReviewKind.objects.filter(pk=each["review_kind"], is_active=True).first() if each["review_kind"] else None
        is_there = (scope is not None or not each["scope"]) and (kind is not None or not each["review_kind"])
        if is_there and policies.may_give_role(invitation.created_by, Role(each["role"]), each["scope"]):
            yield OfferedRole(Role(each["role"]), scope, each["review_kind"])


def _send(invitation: Invitation, token: str, actor: User) -> Sent:
    """Mail the link once the invitation stands; who made it is shown it in any case."""
    link = settings.PUBLIC_URL + reverse("invitation-accept", args=[token])
    if invitation.email:
        context = {"invitation": invitation, "link": link, "actor": actor, "is_account": invitation.kind == InvitationKind.ACCOUNT}
        subject = "Your account on raiportal" if context["is_account"] else "Your new password for raiportal"
        body = render_to_string("account/email/invitation.txt", context)
        transaction.on_commit(lambda: _mail(subject, body, invitation.email))
    return Sent(invitation, link, is_mailed=bool(invitation.email))


def _mail(subject: str, body: str, address: str) -> None:
    send_mail(settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + subject, body, None, [address])
