"""The API of the harm register."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, selectors
from harms.enums import Origin
from harms.filters import HarmApiFilter
from harms.models import HIGHEST_LEVEL, Harm, HarmCategory, RiskPoint
from raiportal.api.resource import Resource
from raiportal.api.urls import BothSlashes
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from systems import selectors as system_selectors
from systems.models import AISystem


class HarmOutput(serializers.ModelSerializer[Harm]):
    code = serializers.CharField(read_only=True)
    category = serializers.SlugField(source="category.slug", read_only=True)

    class Meta:
        model = Harm
        fields = (
            *("id", "code", "system", "title", "description", "category", "origin", "state", "owner", "priority", "severity", "frequency"),
            *("inherent_score", "measured_score", "residual_score", "observed_score", "created_by", "created_at", "updated_at"),
        )
        read_only_fields = fields


class RiskPointOutput(serializers.ModelSerializer[RiskPoint]):
    scale = serializers.CharField(help_text="Name and version of the scale.", read_only=True)

    class Meta:
        model = RiskPoint
        fields = ("id", "kind", "scale", "severity", "frequency", "score", "rationale", "created_by", "created_at")
        read_only_fields = fields


class HarmFields(serializers.Serializer[Any]):
    description = serializers.CharField(required=False, allow_blank=True)
    owner = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a person.")


class HarmInput(HarmFields):
    system = serializers.IntegerField()
    title = serializers.CharField(max_length=160)
    category = serializers.SlugField(help_text="Slug of a category, such as “confabulation”.")
    origin = serializers.ChoiceField(Origin.choices)


class HarmChanges(HarmFields):
    title = serializers.CharField(required=False, max_length=160)
    category = serializers.SlugField(required=False)
    origin = serializers.ChoiceField(Origin.choices, required=False)


class Assessment(serializers.Serializer[Any]):
    severity = serializers.IntegerField(min_value=1, max_value=HIGHEST_LEVEL)
    frequency = serializers.IntegerField(min_value=1, max_value=HIGHEST_LEVEL)
    rationale = serializers.CharField()


class Harms(Resource):
    """Harms of the systems that the caller may see, worst first."""

    queryset = Harm.objects.select_related("category")
    serializer_class = HarmOutput
    filterset_class = HarmApiFilter
    sorts = {"priority": Sort("priority"), "id": Sort("pk")}
    default_sort = selectors.WORST_FIRST

    @extend_schema(request=HarmInput, responses={201: HarmOutput})
    def create(self, request: Request) -> Response:
        """Propose a harm."""

        def act() -> Response:
            data = self._given(HarmInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.propose_harm(system=system, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=HarmChanges, responses=HarmOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is said about a harm; its risk is stated by assessing it."""
        harm = self.visible()
        return self.answer(actions.edit_harm(harm_id=harm.pk, **self._given(HarmChanges), actor=self.caller))

    @extend_schema(request=Assessment, responses={201: RiskPointOutput})
    @action(detail=True, methods=["post"])
    def assess(self, request: Request, pk: str) -> Response:
        """State the inherent risk on the current scale."""
        harm = self.visible()

        def act() -> Response:
            point = actions.assess_harm(harm_id=harm.pk, **self.read(Assessment), actor=self.caller)
            return Response(RiskPointOutput(point).data, status=201)

        return self.once(act)

    @extend_schema(responses=RiskPointOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], url_path="risk-points", pagination_class=None)
    def risk_points(self, request: Request, pk: str) -> Response:
        """Every statement of its risk, newest first."""
        return Response(RiskPointOutput(selectors.risk_points_of(self.visible()), many=True).data)

    def _given(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        data = self.read(serializer_class)
        if "category" in data:
            category = HarmCategory.objects.filter(slug=data["category"]).first()
            if category is None:
                raise Invalid("There is no such category.", field="category")
            data["category"] = category
        if data.get("owner") is not None:
            owner = system_selectors.people_to_choose().filter(pk=data["owner"]).first()
            if owner is None:
                raise Invalid("There is nobody with this id.", field="owner")
            data["owner"] = owner
        return data


router = BothSlashes()
router.register("harms", Harms, basename="api-harm")
urlpatterns = router.urls
