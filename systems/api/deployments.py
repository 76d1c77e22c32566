"""The API of model endpoints."""

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
from systems import actions, selectors
from systems.api.shapes import NEWEST_FIRST, Reason
from systems.enums import Environment, Provider, Target
from systems.models import AISystem, Deployment, ModelCard


class DeploymentListOutput(serializers.ListSerializer[Any]):
    """Reads the configurations of a whole page at once."""

    def to_representation(self, data: Any) -> Any:
        rows = list(data)
        self.child.context["configurations"] = selectors.first_configurations(rows)  # type: ignore[union-attr, index]
        return super().to_representation(rows)


class DeploymentOutput(serializers.ModelSerializer[Deployment]):
    configuration = serializers.SerializerMethodField(help_text="The configuration that was made by itself for the endpoint as it is.")
    has_key = serializers.SerializerMethodField()

    class Meta:
        model = Deployment
        list_serializer_class = DeploymentListOutput
        fields = (
            *(
                "id",
                "system",
                "name",
                "provider",
                "target",
                "base_url",
                "model",
                "api_version",
                "model_card",
                "environment",
                "configuration",
                "has_key",
                "api_key_hint",
            ),
            *("max_concurrency", "requests_per_minute", "tokens_per_minute", "timeout_seconds"),
            *("input_price", "output_price", "currency", "is_active", "created_at", "updated_at"),
        )
        read_only_fields = fields

    def get_configuration(self, deployment: Deployment) -> int:
        known = self.context.get("configurations")
        return known[deployment.pk].pk if known else selectors.first_configuration(deployment).pk

    def get_has_key(self, deployment: Deployment) -> bool:
        return bool(deployment.api_key)


class DeploymentLimits(serializers.Serializer[Any]):
    provider = serializers.CharField(required=False, help_text=f"{' or '.join(Provider.values)}; the first unless said otherwise.")
    target = serializers.CharField(required=False, help_text=f"{' or '.join(Target.values)}; the first unless said otherwise.")
    api_version = serializers.CharField(required=False, allow_blank=True, max_length=40, help_text="Of Azure's API; empty: the newest general one.")
    model_card = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a model card.")
    environment = serializers.ChoiceField(Environment.choices, required=False)
    max_concurrency = serializers.IntegerField(required=False, help_text="Calls at a time, over all workers and runs.")
    requests_per_minute = serializers.IntegerField(required=False, allow_null=True)
    tokens_per_minute = serializers.IntegerField(required=False, allow_null=True)
    timeout_seconds = serializers.IntegerField(required=False, help_text="Wall clock of one call.")
    input_price = serializers.DecimalField(12, 6, required=False, allow_null=True, help_text="Per million tokens.")
    output_price = serializers.DecimalField(12, 6, required=False, allow_null=True, help_text="Per million tokens.")
    currency = serializers.CharField(required=False, max_length=3)


class DeploymentInput(DeploymentLimits):
    system = serializers.IntegerField(allow_null=True, help_text="Null: it belongs to the organisation (administrators only).")
    name = serializers.CharField(max_length=120)
    base_url = serializers.CharField(max_length=500, help_text="Without /chat/completions; at Azure the resource's address.")
    model = serializers.CharField(
        required=False, allow_blank=True, max_length=120, help_text="At Azure the name of the deployment. Only an application may have none."
    )
    api_key = serializers.CharField(required=False, allow_blank=True, write_only=True, help_text="Kept encrypted, never shown again.")


class DeploymentChanges(DeploymentLimits):
    name = serializers.CharField(required=False, max_length=120)
    base_url = serializers.CharField(required=False, max_length=500)
    model = serializers.CharField(required=False, allow_blank=True, max_length=120)
    api_key = serializers.CharField(required=False, allow_blank=True, write_only=True, help_text='"" removes the key; left out, it stays.')


class DeploymentTest(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    latency_ms = serializers.IntegerField()
    answer = serializers.CharField()
    error = serializers.CharField()


class DeploymentFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="system_id")
    is_active = django_filters.TypedChoiceFilter(choices=(("true", "true"), ("false", "false")), coerce="true".__eq__)

    class Meta:
        model = Deployment
        fields = {"environment": ["exact"], "provider": ["exact"], "target": ["exact"]}


class Deployments(Resource):
    """Model endpoints that the caller may see."""

    ability = Ability.REGISTER
    queryset = Deployment.objects.all()
    serializer_class = DeploymentOutput
    filterset_class = DeploymentFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=DeploymentInput, responses={201: DeploymentOutput})
    def create(self, request: Request) -> Response:
        """Add a deployment, with its first configuration."""

        def act() -> Response:
            data = self._given(DeploymentInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.add_deployment(system=system, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=DeploymentChanges, responses=DeploymentOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change an endpoint. Another scheme, host or port needs the key again."""
        deployment = self.visible()
        return self.answer(actions.edit_deployment(deployment_id=deployment.pk, **self._given(DeploymentChanges), actor=self.caller))

    @extend_schema(request=None, responses=DeploymentTest)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Make one real call and tell what came back."""
        deployment = self.visible()
        result = actions.test_deployment(deployment_id=deployment.pk, actor=self.caller)
        return Response({"ok": result.ok, "latency_ms": result.latency_ms, "answer": result.answer, "error": result.error})

    @extend_schema(request=Reason, responses=DeploymentOutput)
    @action(detail=True, methods=["post"], url_path="switch-off")
    def switch_off(self, request: Request, pk: str) -> Response:
        deployment = self.visible()
        return self.answer(actions.switch_off_deployment(deployment_id=deployment.pk, **self.read(Reason), actor=self.caller))

    @extend_schema(request=Reason, responses=DeploymentOutput)
    @action(detail=True, methods=["post"], url_path="switch-on")
    def switch_on(self, request: Request, pk: str) -> Response:
        deployment = self.visible()
        return self.answer(actions.switch_on_deployment(deployment_id=deployment.pk, **self.read(Reason), actor=self.caller))

    def _given(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        data = self.read(serializer_class)
        if "model_card" in data:
            data["model_card"] = self.find(ModelCard.objects, data["model_card"], "model_card")
        return data
