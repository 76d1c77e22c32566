"""The API of what is active: the orders that came into force, and emergency activations. Activating is an act on a system."""

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
from systems import actions
from systems.api.shapes import NEWEST_FIRST, OfSystemFilter, Reason
from systems.enums import EmergencyState, Environment, Finding
from systems.models import Activation, ActivationShare, EmergencyActivation, EmergencyShare


class ShareOutput(serializers.ModelSerializer[ActivationShare]):
    class Meta:
        model = ActivationShare
        fields = ("configuration", "share")
        read_only_fields = fields


class EmergencyShareOutput(serializers.ModelSerializer[EmergencyShare]):
    class Meta:
        model = EmergencyShare
        fields = ("configuration", "share")
        read_only_fields = fields


class ActivationOutput(serializers.ModelSerializer[Activation]):
    shares = ShareOutput(many=True, read_only=True)

    class Meta:
        model = Activation
        fields = ("id", "system", "environment", "kind", "shares", "reason", "created_by", "created_at")
        read_only_fields = fields


class EnvironmentFilter(OfSystemFilter):
    environment = django_filters.ChoiceFilter(choices=Environment.choices)


class Activations(Resource):
    """What came into force where; the newest of a system and environment is what is active."""

    ability = Ability.REGISTER
    queryset = Activation.objects.prefetch_related("shares")
    serializer_class = ActivationOutput
    filterset_class = EnvironmentFilter
    sorts = NEWEST_FIRST


class EmergencyOutput(serializers.ModelSerializer[EmergencyActivation]):
    shares = EmergencyShareOutput(many=True, read_only=True)

    class Meta:
        model = EmergencyActivation
        fields = (
            *("id", "system", "environment", "state", "shares", "reason", "created_by", "created_at", "expires_at"),
            *("confirmed_by", "confirmed_at", "activation", "finding", "finding_text", "reviewed_by", "reviewed_at"),
        )
        read_only_fields = fields


class ReviewInput(serializers.Serializer[Any]):
    finding = serializers.ChoiceField(Finding.choices)
    finding_text = serializers.CharField(max_length=20_000)


class EmergencyFilter(EnvironmentFilter):
    state = django_filters.ChoiceFilter(choices=EmergencyState.choices)


class EmergencyActivations(Resource):
    """Activations that passed over the higher checks, or were to: asked, confirmed, reviewed."""

    ability = Ability.REGISTER
    queryset = EmergencyActivation.objects.select_related("system__scope").prefetch_related("shares")
    serializer_class = EmergencyOutput
    filterset_class = EmergencyFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=None, responses=EmergencyOutput)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Confirm as the second person: it comes into force at once."""
        asked = self.visible()
        self.read(serializers.Serializer)
        return self.answer(actions.confirm_emergency(emergency_id=asked.pk, actor=self.caller))

    @extend_schema(request=Reason, responses=EmergencyOutput)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take the request back before anybody confirmed it."""
        asked = self.visible()
        return self.answer(actions.withdraw_emergency(emergency_id=asked.pk, **self.read(Reason), actor=self.caller))

    @extend_schema(request=ReviewInput, responses=EmergencyOutput)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str) -> Response:
        """Close the review with a finding, as somebody else than the two."""
        asked = self.visible()
        return self.answer(actions.review_emergency(emergency_id=asked.pk, **self.read(ReviewInput), actor=self.caller))
