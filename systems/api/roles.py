"""The API of roles in systems: who has which, given and taken away as on the page of a system's people."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.enums import SCOPE_ROLES, Role
from raiportal.accounts.models import Membership, User
from raiportal.accounts.policies import may_give_role
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from systems import actions, selectors
from systems.api.shapes import NEWEST_FIRST, Reason
from systems.models import AISystem

HELD_IN_A_SYSTEM = [(role.value, role.label) for role in Role if role in SCOPE_ROLES]
NOBODY = "There is nobody with this username who could have a role."


class RoleOutput(serializers.ModelSerializer[Membership]):
    system = serializers.IntegerField(source="scope_id", read_only=True)
    person = serializers.IntegerField(source="user_id", read_only=True)
    username = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "system", "person", "username", "role", "review_kind", "source", "until", "created_by", "created_at")
        read_only_fields = fields


class RoleInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    person = serializers.CharField(max_length=150, help_text="Username of who gets the role.")
    role = serializers.ChoiceField(HELD_IN_A_SYSTEM)
    review_kind = serializers.SlugField(max_length=40, required=False, allow_null=True, help_text="Of a reviewer: what they review, such as “legal”.")
    until = serializers.DateTimeField(required=False, allow_null=True, help_text="When it ends; null for no end.")


class RoleFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="scope_id", label="Id of a system")
    person = django_filters.CharFilter(field_name="user__username", max_length=150, label="Username")
    role = django_filters.ChoiceFilter(choices=HELD_IN_A_SYSTEM)


class Roles(Resource):
    """Roles that people have in systems."""

    # No ability: a token that is limited to some work gives nobody a role.
    queryset = Membership.objects.all()
    serializer_class = RoleOutput
    filterset_class = RoleFilter
    sorts = NEWEST_FIRST

    def get_queryset(self) -> QuerySet[Membership]:
        if getattr(self, "swagger_fake_view", False):
            return Membership.objects.none()
        return selectors.roles_visible_to(self.caller)

    @extend_schema(request=RoleInput, responses={201: RoleOutput})
    def create(self, request: Request) -> Response:
        """Give somebody a role in a system. Giving the same again moves its end."""

        def act() -> Response:
            given = self.read(RoleInput)
            system = self.find(AISystem.objects, given["system"], "system")
            may_give_role(self.caller, Role.VIEWER, system.pk).require()  # before anybody is looked up
            held = actions.give_system_role(
                system_id=system.pk,
                user=_named(given["person"]),
                role=Role(given["role"]),
                review_kind=given.get("review_kind"),
                until=given.get("until"),
                actor=self.caller,
            )
            return self.answer(held, status=201)

        return self.once(act)

    @extend_schema(request=Reason, responses={204: None})
    @action(detail=True, methods=["post"])
    def take(self, request: Request, pk: str) -> Response:
        """Take a role away at once."""
        held = self.visible()
        actions.take_system_role(system_id=held.scope_id, membership_id=held.pk, **self.read(Reason), actor=self.caller)
        return Response(status=204)


def _named(username: str) -> User:
    found = selectors.people_to_choose().filter(username=username).first()
    if found is None:
        raise Invalid(NOBODY, field="person")
    return found
