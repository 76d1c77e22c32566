"""What the kernel's own rows offer to search and to the list of what waits: people, roles that end, tokens that end."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse

from raiportal.accounts import models as accounts
from raiportal.accounts import policies
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import ApiToken, Membership, User
from raiportal.catalogues import models as catalogue_models
from raiportal.catalogues.kinds import catalogues
from raiportal.catalogues.models import CatalogueEntry
from raiportal.work.rows import RowSearch, row_source
from raiportal.work.sources import Hit, WorkItem, WorkSource

ENDS_SOON = datetime.timedelta(days=14)


def _people(user: User) -> QuerySet[User]:
    known = User.objects.exclude(kind=UserKind.SYSTEM)
    return known if policies.may_read_everything(user) else known.none()


def _person(person: User) -> Hit:
    return Hit(person.name, reverse("person", args=[person.pk]))


def _ending_roles(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    """Roles that this person holds and that end soon: somebody has to give them again."""
    ending = Membership.objects.filter(user=user, until__gt=now, until__lte=now + ENDS_SOON).select_related("scope").order_by("until", "pk")[:most]
    return [
        WorkItem(
            title=f"Your role as {membership.get_role_display().lower()} ends",
            why="From then on you can't open what it lets you open. Whoever gave it can give it again.",
            url=reverse("system-people", args=[membership.scope_id]) if membership.scope_id else reverse("token-list"),
            act="See the role",
            rank=30,
            system=membership.scope.name if membership.scope else "",
            due_at=membership.until,
        )
        for membership in ending
    ]


def _ending_tokens(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    ending = ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=now, expires_at__lte=now + ENDS_SOON).order_by("expires_at", "pk")[:most]
    why = "Programs that use it are refused from then on. Make a new one and replace it there."
    url = reverse("token-list")
    return [WorkItem(f"Token “{token.name}” ends", why, url, "See your tokens", rank=30, due_at=token.expires_at) for token in ending]


def _entries(user: User) -> QuerySet[CatalogueEntry]:
    return CatalogueEntry.objects.all()


def _entry(entry: CatalogueEntry) -> Hit:
    kind = catalogues.get(entry.catalogue)
    return Hit(entry.title, reverse("catalogue-entry", args=[entry.pk]), kind.title if kind else "")


SEARCH = (
    row_source("catalogue-entries", "Reference data", RowSearch(_entries, catalogue_models.SEARCHED_TEXT, _entry), order=80),
    row_source("people", "People", RowSearch(_people, accounts.SEARCHED_TEXT, _person), order=90),
)
WORK = (WorkSource("roles", "Roles", _ending_roles, order=80), WorkSource("tokens", "API tokens", _ending_tokens, order=81))
