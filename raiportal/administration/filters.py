"""Filters of the pages of Settings: people, tokens, the ledger."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from raiportal.accounts.enums import Ability, Role, UserKind
from raiportal.accounts.models import ApiToken, Membership, User
from raiportal.listing import ListFilter
from raiportal.look.paging import changed_query

LONGEST_SEARCH = 200  # characters
STATES_OF_PEOPLE = [("active", "Not kept out"), ("out", "Kept out")]
STATES_OF_TOKENS = [("usable", "Works"), ("ended", "Ended"), ("revoked", "Revoked")]


class PersonFilter(ListFilter):
    """By name, by a role that is in force or has ended, by kind, and by whether they are kept out."""

    q = django_filters.CharFilter(method="by_words", label="Name, sign-in name or e-mail", max_length=LONGEST_SEARCH)
    role = django_filters.ChoiceFilter(choices=Role.choices, method="by_role", label="Role", empty_label="Any role")
    kind = django_filters.ChoiceFilter(
        choices=[(kind.value, kind.label) for kind in (UserKind.PERSON, UserKind.SERVICE)], label="Kind", empty_label="People and programs"
    )
    state = django_filters.ChoiceFilter(choices=STATES_OF_PEOPLE, method="by_state", label="State", empty_label="In and out")

    class Meta:
        model = User
        fields: list[str] = []

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Q(name__icontains=value) | Q(username__icontains=value) | Q(email__icontains=value))

    def by_role(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Exists(Membership.objects.filter(user=OuterRef("pk"), role=value)))

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(is_active=value == "active")


class TokenFilter(ListFilter):
    """By whose they are or what they are called, by what they may, and by whether they work."""

    q = django_filters.CharFilter(method="by_words", label="Whose, or the token's name", max_length=LONGEST_SEARCH)
    ability = django_filters.ChoiceFilter(choices=Ability.choices, label="May", empty_label="Any ability")
    state = django_filters.ChoiceFilter(choices=STATES_OF_TOKENS, method="by_state", label="State", empty_label="Any state")

    class Meta:
        model = ApiToken
        fields: list[str] = []

    def by_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Q(name__icontains=value) | Q(prefix__startswith=value) | Q(user__name__icontains=value) | Q(user__username__icontains=value))

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        revoked, ended = Q(revoked_at__isnull=False), Q(expires_at__lte=Now())
        return rows.filter({"revoked": revoked, "ended": ended & ~revoked}.get(value, ~revoked & (Q(expires_at=None) | Q(expires_at__gt=Now()))))


def query_of(request: HttpRequest) -> str:
    """The filters and the order of the address, for the link to the same as a file."""
    return changed_query(request, cursor=None)
