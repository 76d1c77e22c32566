"""The API of baselines of registers."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, selectors
from harms.models import Baseline
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from systems.models import AISystem


class BaselineOutput(serializers.ModelSerializer[Baseline]):
    code = serializers.CharField(read_only=True)

    class Meta:
        model = Baseline
        fields = ("id", "code", "system", "number", "title", "reason", "digest", "harm_count", "made_at", "made_by")
        read_only_fields = fields


class BaselineInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    title = serializers.CharField(max_length=160)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class FieldChangeOutput(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]  # the name of a field, not of the serializer
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class HarmDifferenceOutput(serializers.Serializer[Any]):
    what = serializers.CharField(help_text="added, gone, merged or changed.")
    harm_id = serializers.IntegerField()
    code = serializers.CharField()
    title = serializers.CharField()
    into = serializers.CharField(help_text="Code of the harm that it was merged into; empty otherwise.")
    changes = FieldChangeOutput(many=True)


class BaselineFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="system_id", min_value=1, max_value=2**63 - 1, label="System")

    class Meta:
        model = Baseline
        fields: list[str] = []


class Baselines(Resource):
    """Frozen states of registers."""

    ability = Ability.REGISTER
    queryset = Baseline.objects.defer("content")
    serializer_class = BaselineOutput
    filterset_class = BaselineFilter
    sorts = {"id": Sort("pk")}
    default_sort = "-id"

    @extend_schema(request=BaselineInput, responses={201: BaselineOutput})
    def create(self, request: Request) -> Response:
        """Freeze a register as it is now, under a name."""

        def act() -> Response:
            data = self.read(BaselineInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.make_baseline(system=system, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(responses={200: {"type": "object"}}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def content(self, request: Request, pk: str) -> Response:
        """What it keeps: the scale, and every harm with its levels in each place."""
        return Response(self.visible().content)

    @extend_schema(
        responses=HarmDifferenceOutput(many=True),
        filters=False,
        parameters=[OpenApiParameter("with", int, description="Id of another baseline of the system; left out, the register as it is now.")],
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def difference(self, request: Request, pk: str) -> Response:
        """What became of each harm from this baseline to the register as it is, or to another baseline."""
        self.refuse_unknown_parameters(request, {"with"})
        held, asked = self.visible(), request.query_params.get("with", "")
        other = Baseline.objects.filter(system=held.system_id, pk=int(asked)).first() if asked.isascii() and asked.isdigit() and len(asked) <= 18 else None
        if asked and other is None:
            raise Invalid("There is none with this id that you may use.", field="with")
        found = selectors.difference(held.content, other.content if other else selectors.content_of(held.system))
        return Response(HarmDifferenceOutput(found, many=True).data)
