"""Who has a role in a system, and who may be given one."""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.functions import Lower

from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import Membership, User
from systems.models import AISystem


def people_in(system: AISystem) -> QuerySet[Membership]:
    return Membership.objects.filter(scope_id=system.pk).select_related("user", "review_kind").order_by("role", Lower("user__name"), "pk")


def roles_visible_to(user: User) -> QuerySet[Membership]:
    """Roles in the systems that somebody may read."""
    return Membership.objects.filter(scope__in=AISystem.objects.visible_to(user).order_by().values("pk")).select_related("user", "review_kind")


def people_to_choose() -> QuerySet[User]:
    """Everybody who may be given a role or own something."""
    return User.objects.filter(is_active=True).exclude(kind=UserKind.SYSTEM).order_by(Lower("name"), "pk")
