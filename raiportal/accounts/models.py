"""Users, scopes, memberships, invitations and API tokens.

A scope is what rights are given for: one row for each AI system. It lives in the kernel so that every kernel row can
belong to a system without importing one.
"""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from raiportal.accounts.enums import ORGANISATION_ROLES, SCOPE_ROLES, Ability, InvitationKind, Role, SignInMethod, Source, UserKind

username_shape = RegexValidator(
    r"^[a-z0-9][a-z0-9._-]{1,59}\Z",
    "Use 2 to 60 lower-case letters a to z, digits, dots, hyphens or underscores, starting with a letter or digit.",
)
SEARCHED_TEXT = SearchVector("name", "username", "email", weight="A", config="english")  # of people: what the portal's search looks in


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").lower())


class User(AbstractBaseUser):
    """Somebody who acts: a person, a service account, or the portal itself (`User.system()`)."""

    username = models.CharField(max_length=60, unique=True, validators=[username_shape])
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    kind = models.CharField(max_length=10, choices=UserKind.choices, default=UserKind.PERSON)
    is_active = models.BooleanField(default=True)
    erased_at = models.DateTimeField(null=True, blank=True)  # when name and address were taken out for good
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        db_table = "account_user"
        constraints = [
            models.CheckConstraint(name="user_username_shape", condition=Q(username__regex=r"^[a-z0-9][a-z0-9._-]{1,59}$")),
            models.UniqueConstraint(name="user_one_system", fields=["kind"], condition=Q(kind=UserKind.SYSTEM)),
        ]
        indexes = [GinIndex(SEARCHED_TEXT, name="user_search"), models.Index(Lower("name"), F("id"), name="user_by_name")]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def system() -> User:
        """The portal itself, in whose name workers act."""
        return User.objects.get(kind=UserKind.SYSTEM)

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


class Scope(models.Model):
    """What rights are given for: one AI system. Its name and address part live here, once."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "account_scope"

    def __str__(self) -> str:
        return self.name


class ReviewKind(models.Model):
    """A kind of review, such as legal or privacy, from the catalogue. A reviewer reviews one kind in one system."""

    slug = models.SlugField(max_length=40, primary_key=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=400)
    position = models.PositiveSmallIntegerField()
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "account_review_kind"

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self) -> MembershipQuerySet:
        return self.filter(Q(until=None) | Q(until__gt=Now()), user__is_active=True)


class Membership(models.Model):
    """One role of one user, for a scope or (scope null) for the organisation. `review_kind` is a reviewer's."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, null=True, blank=True, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    review_kind = models.ForeignKey(ReviewKind, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField(max_length=20, choices=Source.choices, default=Source.MANUAL)
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        db_table = "account_membership"
        constraints = [
            models.UniqueConstraint(name="membership_once", fields=["user", "scope", "role", "review_kind"], nulls_distinct=False),
            models.CheckConstraint(
                name="membership_reviewer_has_kind",
                condition=Q(role=Role.REVIEWER, review_kind__isnull=False) | (~Q(role=Role.REVIEWER) & Q(review_kind=None)),
            ),
            models.CheckConstraint(
                name="membership_role_fits_scope",
                condition=Q(scope=None, role__in=sorted(ORGANISATION_ROLES)) | Q(scope__isnull=False, role__in=sorted(SCOPE_ROLES)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role}"

    def has_ended(self, now: datetime.datetime) -> bool:
        return self.until is not None and self.until <= now

    @property
    def in_words(self) -> str:
        """As one line of a file: the role, where, of which kind of review, until when."""
        words = [self.get_role_display()]
        if self.review_kind is not None:
            words.append(f"({self.review_kind.name})")
        if self.scope is not None:
            words.append(f"of {self.scope.name}")
        if self.until is not None:
            words.append(f"until {self.until:%Y-%m-%d %H:%M} UTC")
        return " ".join(words)


class ApiToken(models.Model):
    """A key for programs. Only its SHA-256 is kept; the key itself is shown once."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)  # the first characters, by which people tell their tokens apart
    digest = models.CharField(max_length=64, unique=True)
    ability = models.CharField(max_length=10, choices=Ability.choices, default=Ability.ALL)
    scopes = models.ManyToManyField(Scope, related_name="+", blank=True)  # none = every system that its user sees
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "account_api_token"

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def is_usable(self, now: datetime.datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class Invitation(models.Model):
    """A way in that works once: to a new account with its roles, or to a new password. Only the SHA-256 of its secret is kept."""

    kind = models.CharField(max_length=10, choices=InvitationKind.choices)
    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)  # whose password; or who accepted
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    roles = models.JSONField(default=list)  # what was offered: [{"role", "scope": id | null, "review_kind": slug | null}]
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "account_invitation"
        constraints = [
            models.CheckConstraint(name="invitation_password_has_user", condition=~Q(kind=InvitationKind.PASSWORD) | Q(user__isnull=False)),
            models.CheckConstraint(name="invitation_used_or_revoked", condition=Q(used_at=None) | Q(revoked_at=None)),
        ]

    def __str__(self) -> str:
        return self.name or self.email or f"invitation {self.pk}"

    def is_open(self, now: datetime.datetime) -> bool:
        return self.used_at is None and self.revoked_at is None and self.expires_at > now


class SignIn(models.Model):
    """One browser in which somebody is signed in: what the list of sessions shows beside Django's own row, and by which it is ended."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    session_key = models.CharField(max_length=40, unique=True)
    method = models.CharField(max_length=20, choices=SignInMethod.choices)
    address = models.GenericIPAddressField(null=True, blank=True)  # null = not known
    device = models.CharField(max_length=80)  # "Firefox on Linux", read from what the browser says of itself
    started_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "account_sign_in"

    def __str__(self) -> str:
        return self.device


class ScopedQuerySet(models.QuerySet[Any]):
    """Reads of rows that belong to a scope start with `.visible_to(user)`: a forgotten check shows nothing, not everything.

    `scope_lookup` names the path from the row to its scope's id.
    """

    scope_lookup = "system_id"

    def visible_to(self, user: Any) -> Any:
        from raiportal.accounts import roles

        return self._in(roles.visible_scopes(user))

    def overview_visible_to(self, user: Any) -> Any:
        """Rows of scopes of which this person may read at least the overview; for the portfolio and the overview alone."""
        from raiportal.accounts import roles

        return self._in(roles.overview_scopes(user))

    def _in(self, scopes: list[int] | None) -> Any:
        return self if scopes is None else self.filter(**{f"{self.scope_lookup}__in": scopes})

    def lock(self, pk: int) -> Any:
        """The row under a lock until the transaction ends; rows that refer to it can be added meanwhile. Raises Missing when there is none."""
        from raiportal.errors import Missing

        row = self.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
        if row is None:
            raise Missing("This isn't there any more.")
        return row
