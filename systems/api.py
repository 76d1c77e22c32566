"""The API of systems, deployments, metaprompt versions and configurations."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.api.resource import Resource
from raiportal.api.urls import BothSlashes
from raiportal.keyset import Sort
from systems import actions, selectors
from systems.enums import Audience, Autonomy, Environment, Provider, Stage, Target
from systems.models import AISystem, Configuration, Deployment, MetapromptVersion

NEWEST_FIRST = {"id": Sort("pk"), "created_at": Sort("created_at")}


# --- Systems ---
class SystemOutput(serializers.ModelSerializer[AISystem]):
    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    slug = serializers.SlugField(read_only=True)

    class Meta:
        model = AISystem
        fields = (
            *("id", "slug", "name", "purpose", "owner", "domain", "stage", "audience", "autonomy", "languages", "jurisdictions"),
            *("handles_personal_data", "reaches_minors", "makes_consequential_decisions", "created_at", "updated_at"),
        )
        read_only_fields = fields


class SystemFacts(serializers.Serializer[Any]):
    owner = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a person.")
    domain = serializers.CharField(required=False, allow_blank=True, max_length=80)
    audience = serializers.ChoiceField(Audience.choices, required=False, allow_blank=True)
    autonomy = serializers.ChoiceField(Autonomy.choices, required=False, allow_blank=True)
    languages = serializers.CharField(required=False, allow_blank=True, max_length=200)
    jurisdictions = serializers.CharField(required=False, allow_blank=True, max_length=200)
    handles_personal_data = serializers.BooleanField(required=False, allow_null=True)
    reaches_minors = serializers.BooleanField(required=False, allow_null=True)
    makes_consequential_decisions = serializers.BooleanField(required=False, allow_null=True)
    stage = serializers.ChoiceField(Stage.choices, required=False)


class SystemInput(SystemFacts):
    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField()


class SystemChanges(SystemFacts):
    name = serializers.CharField(max_length=120, required=False)
    purpose = serializers.CharField(required=False)


class Reason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class SystemFilter(django_filters.FilterSet):
    class Meta:
        model = AISystem
        fields = {"stage": ["exact"]}


class Systems(Resource):
    """AI systems that the caller may see."""

    queryset = AISystem.objects.all()
    serializer_class = SystemOutput
    filterset_class = SystemFilter
    sorts = NEWEST_FIRST

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

    def _given(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        from raiportal.errors import Invalid

        data = self.read(serializer_class)
        if data.get("owner") is not None:
            owner = selectors.people_to_choose().filter(pk=data["owner"]).first()
            if owner is None:
                raise Invalid("There is nobody with this id.", field="owner")
            data["owner"] = owner
        return data


# --- Deployments ---
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
            *("id", "system", "name", "provider", "target", "base_url", "model", "api_version", "environment", "configuration", "has_key", "api_key_hint"),
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

    queryset = Deployment.objects.all()
    serializer_class = DeploymentOutput
    filterset_class = DeploymentFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=DeploymentInput, responses={201: DeploymentOutput})
    def create(self, request: Request) -> Response:
        """Add a deployment, with its first configuration."""

        def act() -> Response:
            data = self.read(DeploymentInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.add_deployment(system=system, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=DeploymentChanges, responses=DeploymentOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change an endpoint. Another scheme, host or port needs the key again."""
        deployment = self.visible()
        return self.answer(actions.edit_deployment(deployment_id=deployment.pk, **self.read(DeploymentChanges), actor=self.caller))

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


# --- Metaprompt versions ---
class MetapromptVersionOutput(serializers.ModelSerializer[MetapromptVersion]):
    class Meta:
        model = MetapromptVersion
        fields = ("id", "system", "number", "text", "note", "digest", "created_by", "created_at")
        read_only_fields = fields


class MetapromptVersionInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    text = serializers.CharField(trim_whitespace=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=300)


class OfSystemFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="system_id")


class MetapromptVersions(Resource):
    """Wordings of metaprompts, each kept as it was."""

    queryset = MetapromptVersion.objects.all()
    serializer_class = MetapromptVersionOutput
    filterset_class = OfSystemFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=MetapromptVersionInput, responses={201: MetapromptVersionOutput})
    def create(self, request: Request) -> Response:
        """Add a system's next metaprompt version."""

        def act() -> Response:
            data = self.read(MetapromptVersionInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.add_metaprompt_version(system=system, **data, actor=self.caller), status=201)

        return self.once(act)


# --- Configurations ---
class ConfigurationOutput(serializers.ModelSerializer[Configuration]):
    code = serializers.CharField(read_only=True)
    matches_deployment = serializers.SerializerMethodField(help_text="Whether the deployment still is what was frozen.")

    class Meta:
        model = Configuration
        fields = (
            *("id", "code", "system", "deployment", "metaprompt", "parameters", "snapshot", "digest", "note", "matches_deployment"),
            *("created_by", "created_at"),
        )
        read_only_fields = fields

    def get_matches_deployment(self, configuration: Configuration) -> bool:
        return selectors.endpoint_still_matches(configuration)


class ConfigurationInput(serializers.Serializer[Any]):
    deployment = serializers.IntegerField()
    metaprompt = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a metaprompt version.")
    parameters = serializers.DictField(required=False, help_text="For instance temperature, top_p, max_tokens, seed.")
    note = serializers.CharField(required=False, allow_blank=True, max_length=300)


class ConfigurationFilter(OfSystemFilter):
    deployment = django_filters.NumberFilter(field_name="deployment_id")


class Configurations(Resource):
    """What runs measure: deployment, metaprompt version and parameters, frozen."""

    queryset = Configuration.objects.select_related("deployment")
    serializer_class = ConfigurationOutput
    filterset_class = ConfigurationFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=ConfigurationInput, responses={201: ConfigurationOutput})
    def create(self, request: Request) -> Response:
        """Freeze a configuration. The same again gives the one that is there."""

        def act() -> Response:
            data = self.read(ConfigurationInput)
            deployment = self.find(Deployment.objects, data.pop("deployment"), "deployment")
            metaprompt = self.find(MetapromptVersion.objects, data.pop("metaprompt", None), "metaprompt")
            made = actions.add_configuration(deployment=deployment, metaprompt=metaprompt, **data, actor=self.caller)
            return self.answer(made, status=201)

        return self.once(act)


router = BothSlashes()
router.register("systems", Systems, basename="api-system")
router.register("deployments", Deployments, basename="api-deployment")
router.register("metaprompt-versions", MetapromptVersions, basename="api-metaprompt-version")
router.register("configurations", Configurations, basename="api-configuration")
urlpatterns = router.urls
