"""The API of intended uses and stakeholders."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from systems import actions
from systems.api.shapes import NEWEST_FIRST, OfSystemFilter, Reason
from systems.enums import Reach
from systems.models import AISystem, IntendedUse, Stakeholder


# --- Intended uses ---
class IntendedUseOutput(serializers.ModelSerializer[IntendedUse]):
    code = serializers.CharField(read_only=True)

    class Meta:
        model = IntendedUse
        fields = ("id", "code", "system", "number", "title", "description", "is_supported", "archived_at", "created_by", "created_at", "updated_at")
        read_only_fields = fields


class IntendedUseChanges(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=160, required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    is_supported = serializers.BooleanField(required=False, help_text="False: known not to be fit for it.")


class IntendedUseInput(IntendedUseChanges):
    system = serializers.IntegerField()
    title = serializers.CharField(max_length=160)


class IntendedUses(Resource):
    """What systems are meant for, and what they are known not to be fit for."""

    ability = Ability.REGISTER
    queryset = IntendedUse.objects.all()
    serializer_class = IntendedUseOutput
    filterset_class = OfSystemFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=IntendedUseInput, responses={201: IntendedUseOutput})
    def create(self, request: Request) -> Response:
        """State a use of a system."""

        def act() -> Response:
            data = self.read(IntendedUseInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.add_intended_use(system=system, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=IntendedUseChanges, responses=IntendedUseOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change title, description or support."""
        use = self.visible()
        return self.answer(actions.edit_intended_use(use_id=use.pk, **self.read(IntendedUseChanges), actor=self.caller))

    @extend_schema(request=Reason, responses=IntendedUseOutput)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Response:
        """Take a use out of the list; what refers to it stays."""
        use = self.visible()
        return self.answer(actions.archive_intended_use(use_id=use.pk, **self.read(Reason), actor=self.caller))

    @extend_schema(request=Reason, responses=IntendedUseOutput)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Put an archived use back on the list."""
        use = self.visible()
        return self.answer(actions.restore_intended_use(use_id=use.pk, **self.read(Reason), actor=self.caller))


# --- Stakeholders ---
class StakeholderOutput(serializers.ModelSerializer[Stakeholder]):
    code = serializers.CharField(read_only=True)

    class Meta:
        model = Stakeholder
        fields = (
            *("id", "code", "system", "number", "name", "reach", "description", "intended_uses", "archived_at"),
            *("created_by", "created_at", "updated_at"),
        )
        read_only_fields = fields


class StakeholderChanges(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=160, required=False)
    reach = serializers.ChoiceField(Reach.choices, required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    intended_uses = serializers.ListField(child=serializers.IntegerField(), required=False, max_length=200, help_text="Ids; replaces the whole list.")


class StakeholderInput(StakeholderChanges):
    system = serializers.IntegerField()
    name = serializers.CharField(max_length=160)
    reach = serializers.ChoiceField(Reach.choices)


class Stakeholders(Resource):
    """Groups of people whom systems touch."""

    ability = Ability.REGISTER
    queryset = Stakeholder.objects.prefetch_related("intended_uses")
    serializer_class = StakeholderOutput
    filterset_class = OfSystemFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=StakeholderInput, responses={201: StakeholderOutput})
    def create(self, request: Request) -> Response:
        """Name a group that a system touches."""

        def act() -> Response:
            data = self._given(StakeholderInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.add_stakeholder(system=system, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=StakeholderChanges, responses=StakeholderOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change name, reach, description or uses."""
        row = self.visible()
        actions.edit_stakeholder(stakeholder_id=row.pk, **self._given(StakeholderChanges), actor=self.caller)
        return self.answer(self.visible())

    @extend_schema(request=Reason, responses=StakeholderOutput)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Response:
        """Take a group out of the list; what refers to it stays."""
        row = self.visible()
        return self.answer(actions.archive_stakeholder(stakeholder_id=row.pk, **self.read(Reason), actor=self.caller))

    @extend_schema(request=Reason, responses=StakeholderOutput)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Put an archived group back on the list."""
        row = self.visible()
        return self.answer(actions.restore_stakeholder(stakeholder_id=row.pk, **self.read(Reason), actor=self.caller))

    def _given(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        data = self.read(serializer_class)
        if "intended_uses" in data:
            data["intended_uses"] = [self.find(IntendedUse.objects, pk, "intended_uses") for pk in dict.fromkeys(data["intended_uses"])]
        return data
