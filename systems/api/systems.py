"""The API of AI systems."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from systems import actions, selectors
from systems.api.activations import ActivationOutput, EmergencyOutput
from systems.api.shapes import NEWEST_FIRST, Reason
from systems.enums import Audience, Autonomy, Classification, Environment, RiskTier, Stage
from systems.extensions import Share
from systems.models import AISystem, Configuration


def _slugs(catalogue: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, max_length=300, help_text=f"Slugs of the catalogue {catalogue}; none: not said."
    )


class SystemFacts(serializers.Serializer[Any]):
    owner = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a person.")
    domain = serializers.CharField(required=False, allow_blank=True, max_length=80)
    audience = serializers.ChoiceField(Audience.choices, required=False, allow_blank=True)
    autonomy = serializers.ChoiceField(Autonomy.choices, required=False, allow_blank=True)
    domain_stakes = serializers.CharField(required=False, allow_blank=True, max_length=4_000, help_text="What is at stake there when an answer is wrong.")
    risk_tier = serializers.ChoiceField(RiskTier.choices, required=False, allow_blank=True)
    languages = _slugs("languages")
    jurisdictions = _slugs("jurisdictions")
    regions = _slugs("regions")
    other_languages = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="Those that the catalogue hasn't.")
    other_places = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="Those that no catalogue has.")
    handles_personal_data = serializers.BooleanField(required=False, allow_null=True)
    reaches_minors = serializers.BooleanField(required=False, allow_null=True)
    makes_consequential_decisions = serializers.BooleanField(required=False, allow_null=True)
    generates_media = serializers.BooleanField(required=False, allow_null=True)
    depicts_people = serializers.BooleanField(required=False, allow_null=True)
    acts_through_tools = serializers.BooleanField(required=False, allow_null=True)
    output_retention_days = serializers.IntegerField(required=False, allow_null=True, help_text="How long the system itself keeps its outputs.")
    output_classification = serializers.ChoiceField(Classification.choices, required=False, allow_blank=True)
    stage = serializers.ChoiceField(Stage.choices, required=False)


FACTS = (
    *("domain", "domain_stakes", "risk_tier", "audience", "autonomy", "languages", "jurisdictions", "regions", "other_languages", "other_places"),
    *("handles_personal_data", "reaches_minors", "makes_consequential_decisions", "generates_media", "depicts_people", "acts_through_tools"),
    *("output_retention_days", "output_classification"),
)


class SystemOutput(serializers.ModelSerializer[AISystem]):
    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    slug = serializers.SlugField(read_only=True)

    class Meta:
        model = AISystem
        fields = (*("id", "slug", "name", "purpose", "owner", "stage", *FACTS, "created_at", "updated_at"),)
        read_only_fields = fields


class SystemInput(SystemFacts):
    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField()


class SystemChanges(SystemFacts):
    name = serializers.CharField(max_length=120, required=False)
    purpose = serializers.CharField(required=False)


class SystemFilter(django_filters.FilterSet):
    class Meta:
        model = AISystem
        fields = {"stage": ["exact"]}


class ShareShape(serializers.Serializer[Any]):
    configuration = serializers.IntegerField()
    share = serializers.IntegerField(min_value=1, max_value=100, help_text="Percent.")


class OrderInput(serializers.Serializer[Any]):
    environment = serializers.ChoiceField(Environment.choices)
    shares = serializers.ListField(child=ShareShape(), min_length=1, max_length=20, help_text="First to last; the shares add up to 100.")
    reason = serializers.CharField(max_length=2000)


class ActivationInput(OrderInput):
    replaces = serializers.IntegerField(required=False, help_text="Id of what you saw in force there; 0 for nothing. Refused when another came first.")


class Systems(Resource):
    """AI systems that the caller may know of; changing one takes the right to read it whole."""

    ability = Ability.REGISTER
    queryset = AISystem.objects.all()
    serializer_class = SystemOutput
    filterset_class = SystemFilter
    sorts = NEWEST_FIRST

    def get_queryset(self) -> Any:
        if self.action in {"list", "retrieve"} and not getattr(self, "swagger_fake_view", False):
            return AISystem.objects.overview_visible_to(self.caller)
        return super().get_queryset()

    @extend_schema(request=SystemInput, responses={201: SystemOutput})
    def create(self, request: Request) -> Response:
        """Register a system."""
        return self.once(lambda: self.answer(actions.add_system(**self._given(SystemInput), actor=self.caller), status=201))

    @extend_schema(request=SystemChanges, responses=SystemOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change name, purpose, owner or facts."""
        system = self.visible()
        return self.answer(actions.edit_system(system_id=system.pk, **self._given(SystemChanges), actor=self.caller))

    @extend_schema(request=Reason, responses=SystemOutput)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """End the system's life; everything stays readable."""
        system = self.visible()
        return self.answer(actions.retire_system(system_id=system.pk, **self.read(Reason), actor=self.caller))

    @extend_schema(request=Reason, responses=SystemOutput)
    @action(detail=True, methods=["post"], url_path="bring-back")
    def bring_back(self, request: Request, pk: str) -> Response:
        """Take a retired system into work again."""
        system = self.visible()
        return self.answer(actions.bring_back_system(system_id=system.pk, **self.read(Reason), actor=self.caller))

    @extend_schema(request=ActivationInput, responses={201: ActivationOutput})
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """Put an order of configurations into force in an environment. 409 lists what is missing."""

        def act() -> Response:
            system, data = self.visible(), self.read(ActivationInput)
            made = actions.activate(system_id=system.pk, **self._order(data), replaces=data.get("replaces"), actor=self.caller)
            return Response(ActivationOutput(made).data, status=201)

        return self.once(act)

    @extend_schema(request=OrderInput, responses={201: EmergencyOutput})
    @action(detail=True, methods=["post"], url_path="activate-emergency")
    def activate_emergency(self, request: Request, pk: str) -> Response:
        """Ask for an activation that passes over the higher checks. A second person has an hour to confirm it."""

        def act() -> Response:
            system, data = self.visible(), self.read(OrderInput)
            asked = actions.ask_for_emergency(system_id=system.pk, **self._order(data), actor=self.caller)
            return Response(EmergencyOutput(asked).data, status=201)

        return self.once(act)

    def _order(self, data: dict[str, Any]) -> dict[str, Any]:
        shares = [Share(self.find(Configuration.objects, given["configuration"], "shares"), given["share"]) for given in data["shares"]]
        return {"environment": data["environment"], "shares": shares, "reason": data["reason"]}

    def _given(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        data = self.read(serializer_class)
        if data.get("owner") is not None:
            owner = selectors.people_to_choose().filter(pk=data["owner"]).first()
            if owner is None:
                raise Invalid("There is nobody with this id.", field="owner")
            data["owner"] = owner
        return data
