"""The API of metaprompt and filter versions, and of the configurations that freeze them."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from systems import actions, selectors
from systems.api.shapes import NEWEST_FIRST, OfSystemFilter
from systems.enums import FilterProvider
from systems.models import AISystem, Configuration, Deployment, FilterConfiguration, MetapromptVersion


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


class MetapromptVersions(Resource):
    """Wordings of metaprompts, each kept as it was."""

    ability = Ability.REGISTER
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


# --- Filter versions ---
class FilterConfigurationOutput(serializers.ModelSerializer[FilterConfiguration]):
    class Meta:
        model = FilterConfiguration
        fields = ("id", "system", "number", "name", "provider", "settings", "note", "digest", "created_by", "created_at")
        read_only_fields = fields


class FilterConfigurationInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    name = serializers.CharField(max_length=120)
    provider = serializers.ChoiceField(FilterProvider.choices, required=False)
    settings = serializers.DictField(
        help_text='{"categories": {"hate": {"prompt": "medium", "completion": "medium"}}, "detectors": {"jailbreak": "block"}, "blocklists": [], "other": {}}'
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=300)


class FilterConfigurations(Resource):
    """What the provider's content filters were set to, each version kept as it was."""

    ability = Ability.REGISTER
    queryset = FilterConfiguration.objects.all()
    serializer_class = FilterConfigurationOutput
    filterset_class = OfSystemFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=FilterConfigurationInput, responses={201: FilterConfigurationOutput})
    def create(self, request: Request) -> Response:
        """Write down a system's next filter version. They are set at the provider; nothing is sent there."""

        def act() -> Response:
            data = self.read(FilterConfigurationInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.add_filter_configuration(system=system, **data, actor=self.caller), status=201)

        return self.once(act)


# --- Configurations ---
class ConfigurationListOutput(serializers.ListSerializer[Any]):
    """Reads what is active of a whole page at once."""

    def to_representation(self, data: Any) -> Any:
        rows = list(data)
        self.child.context["active"] = selectors.environments_of(rows)  # type: ignore[union-attr, index]
        return super().to_representation(rows)


class ConfigurationOutput(serializers.ModelSerializer[Configuration]):
    code = serializers.CharField(read_only=True)
    active = serializers.SerializerMethodField(help_text="Percent of the traffic by environment in which it is active now.")
    matches_deployment = serializers.SerializerMethodField(help_text="Whether the deployment still is what was frozen.")

    class Meta:
        model = Configuration
        list_serializer_class = ConfigurationListOutput
        fields = (
            *("id", "code", "system", "deployment", "metaprompt", "filters", "parameters", "snapshot", "digest", "note", "matches_deployment", "active"),
            *("created_by", "created_at"),
        )
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_active(self, configuration: Configuration) -> dict[str, int]:
        known = self.context.get("active")
        active = selectors.environments_of([configuration]) if known is None else known
        return {environment.value: share for environment, share in active.get(configuration.pk, [])}

    def get_matches_deployment(self, configuration: Configuration) -> bool:
        return selectors.endpoint_still_matches(configuration)


class ConfigurationInput(serializers.Serializer[Any]):
    deployment = serializers.IntegerField()
    metaprompt = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a metaprompt version.")
    filters = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a filter configuration: recorded, not sent.")
    parameters = serializers.DictField(required=False, help_text="For instance temperature, top_p, max_tokens, seed.")
    note = serializers.CharField(required=False, allow_blank=True, max_length=300)


class ConfigurationFilter(OfSystemFilter):
    deployment = django_filters.NumberFilter(field_name="deployment_id")


class Configurations(Resource):
    """What runs measure: deployment, metaprompt version and parameters, frozen."""

    ability = Ability.REGISTER
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
            filters = self.find(FilterConfiguration.objects, data.pop("filters", None), "filters")
            made = actions.add_configuration(deployment=deployment, metaprompt=metaprompt, filters=filters, **data, actor=self.caller)
            return self.answer(made, status=201)

        return self.once(act)
