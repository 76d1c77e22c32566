"""The API's resource of stand-ins: who signs for whom and until when."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal import clocks
from raiportal.accounts.enums import Ability
from raiportal.accounts.models import User
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from raiportal.signoffs import actions, dates, selectors
from raiportal.signoffs.filters import STAND_IN_TIMES, StandInFilter
from raiportal.signoffs.models import StandIn

LARGEST_ID = 2**63 - 1
NOBODY = "There is nobody with this username whom you could name here."


class StandInOutput(serializers.ModelSerializer[StandIn]):
    system = serializers.IntegerField(source="scope_id", read_only=True, allow_null=True, help_text="Null: wherever the roles are held.")
    time = serializers.SerializerMethodField(help_text="Whether it holds: now, later, or over.")

    class Meta:
        model = StandIn
        fields = ("id", "person", "for_person", "system", "from_at", "until_at", "reason", "created_by", "created_at", "ended_at", "time")
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(STAND_IN_TIMES))
    def get_time(self, row: StandIn) -> str:
        return row.time_at(clocks.now())


class StandInInput(serializers.Serializer[Any]):
    person = serializers.CharField(max_length=150, help_text="Username of who signs for the other.")
    for_person = serializers.CharField(
        max_length=150, required=False, help_text="Username of whose roles they are; your own unless an administrator says otherwise."
    )
    system = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LARGEST_ID, help_text="Only in this system.")
    from_on = serializers.DateField(help_text="The first day, in UTC.")
    until_on = serializers.DateField(help_text="The last day, in UTC; at most 90 days in all.")
    reason = serializers.CharField(max_length=2_000)


class StandInReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2_000)


class StandIns(Resource):
    """One's own, on either side; those who oversee roles or read everything see all."""

    ability = Ability.REGISTER
    queryset = StandIn.objects.select_related("person", "for_person")
    serializer_class = StandInOutput
    filterset_class = StandInFilter
    sorts = {"id": Sort("pk"), "until": Sort("until_at")}
    default_sort = "-id"

    @extend_schema(request=StandInInput, responses={201: StandInOutput})
    def create(self, request: Request) -> Response:
        """Name who signs in one's own roles for a while; administrators name anybody's."""

        def act() -> Response:
            given = self.read(StandInInput)
            system = given.get("system")
            scope = selectors.scopes_to_stand_in(self.caller).filter(pk=system).first() if system else None
            if system and scope is None:
                raise Invalid("There is no system with this id that you could name here.", field="system", code="unknown_id")
            person = _one_of(selectors.possible_stand_ins(self.caller), given["person"], "person")
            holders = selectors.people_to_stand_in_for(self.caller)
            named = actions.name_stand_in(
                person=person,
                for_person=_one_of(holders, given["for_person"], "for_person") if "for_person" in given else self.caller,
                scope_id=scope.pk if scope else None,
                from_at=dates.start_of(given["from_on"]),
                until_at=dates.start_of(given["until_on"]) + datetime.timedelta(days=1),
                reason=given["reason"],
                actor=self.caller,
            )
            return self.answer(named, status=201)

        return self.once(act)

    @extend_schema(request=StandInReason, responses=StandInOutput)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it before its time."""
        return self.answer(actions.end_stand_in(stand_in_id=self.visible().pk, actor=self.caller, **self.read(StandInReason)))


def _one_of(people: QuerySet[User], username: str, field: str) -> User:
    found = people.filter(username=username).first()
    if found is None:
        raise Invalid(NOBODY, field=field)
    return found
