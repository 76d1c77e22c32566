"""Users, scopes, memberships and API tokens.

A scope is what rights are given for: one row for each AI system. It lives in the kernel so that every kernel row can
belong to a system without importing one.
"""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts.enums import ORGANISATION_ROLES, SCOPE_ROLES, Ability, Role, UserKind

username_shape = RegexValidator(
    r"^[a-z0-9][a-z0-9._-]{1,59}\Z",
    "Use 2 to 60 lower-case letters a to z, digits, dots, hyphens or underscores, starting with a letter or digit.",
)


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


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self) -> MembershipQuerySet:
        return self.filter(Q(until=None) | Q(until__gt=Now()), user__is_active=True)


class Membership(models.Model):
    """One role of one user, for a scope or (scope null) for the organisation."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, null=True, blank=True, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        db_table = "account_membership"
        constraints = [
            models.UniqueConstraint(name="membership_once", fields=["user", "scope", "role"], nulls_distinct=False),
            models.CheckConstraint(
                name="membership_role_fits_scope",
                condition=Q(scope=None, role__in=sorted(ORGANISATION_ROLES)) | Q(scope__isnull=False, role__in=sorted(SCOPE_ROLES)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role}"


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


class ScopedQuerySet(models.QuerySet[Any]):
    """Reads of rows that belong to a scope start with `.visible_to(user)`: a forgotten check shows nothing, not everything.

    `scope_lookup` names the path from the row to its scope's id.
    """

    scope_lookup = "system_id"

    def visible_to(self, user: Any) -> Any:
        from raiportal.accounts import roles

        scopes = roles.visible_scopes(user)
        return self if scopes is None else self.filter(**{f"{self.scope_lookup}__in": scopes})

    def lock(self, pk: int) -> Any:
        """The row under a lock until the transaction ends; rows that refer to it can be added meanwhile. Raises Missing when there is none."""
        from raiportal.errors import Missing

        row = self.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
        if row is None:
            raise Missing("This isn't there any more.")
        return row
