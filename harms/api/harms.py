"""The API of the harm register."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, selectors
from harms.api.decisions import HarmDecisions
from harms.api.harm_output import HarmOutput
from harms.enums import ImportFormat, Origin
from harms.filters import HarmApiFilter
from harms.imports import format_of
from harms.models import HIGHEST_LEVEL, Harm, HarmCategory, HarmUse, RiskPoint
from harms.selectors.importing import Reading
from raiportal.accounts.enums import Ability
from raiportal.api import idempotency
from raiportal.api.problems import UnknownParameter
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from raiportal.look.timelines import Reference
from raiportal.uploads import received_file, stored_file_name
from systems import selectors as system_selectors
from systems.models import AISystem, IntendedUse

IMPORT_FIELDS = frozenset({"system", "file", "format", "dry_run"})
REJECTED_ANSWERED = 10_000
HEAD_BYTES = 4096


class PointSourceOutput(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="What it is, such as measurements.run.")
    id = serializers.IntegerField(help_text="Id of that.")
    name = serializers.CharField(help_text="What people call it.")
    page = serializers.CharField(help_text="Path of its page.")


class RiskPointOutput(serializers.ModelSerializer[RiskPoint]):
    """Takes what was worked out from what, by id of the point, as `sources` of its context."""

    scale = serializers.CharField(help_text="Name and version of the scale.", read_only=True)
    worked_out_from = serializers.SerializerMethodField(
        help_text="What it was worked out from; null where its words alone say so, and for whom may not see it."
    )

    class Meta:
        model = RiskPoint
        fields = ("id", "kind", "intended_use", "scale", "severity", "frequency", "score", "rationale", "worked_out_from", "created_by", "created_at")
        read_only_fields = fields

    @extend_schema_field(PointSourceOutput(allow_null=True))
    def get_worked_out_from(self, point: RiskPoint) -> dict[str, Any] | None:
        found: Reference | None = self.context.get("sources", {}).get(point.pk)
        return {"kind": point.source_kind, "id": point.source_id, "name": found.label, "page": found.url} if found else None


class HarmFields(serializers.Serializer[Any]):
    description = serializers.CharField(required=False, allow_blank=True)
    owner = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a person.")
    uses = serializers.ListField(
        child=serializers.IntegerField(), required=False, max_length=200, help_text="Ids of intended uses of its system; the harm is then in exactly these."
    )


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
    intended_use = serializers.IntegerField(required=False, allow_null=True, help_text="Id of the use that it is about; the harm as a whole when left out.")


class HarmImportInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    file = serializers.FileField()
    format = serializers.ChoiceField(ImportFormat.choices, required=False, help_text="Found out from the file when left out.")
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Read and report, store nothing.")


class HarmRejectedRowOutput(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="Its line in a CSV file, its place in a JSON list; counted from 1.")
    reason = serializers.CharField()


class DuplicateRowOutput(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    title = serializers.CharField()


class HarmImportOutput(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField(help_text="Rows whose title the system or the file has already; upper and lower case don't matter.")
    duplicate_rows = DuplicateRowOutput(many=True, help_text=f"The first {REJECTED_ANSWERED:,}.")
    rejected = HarmRejectedRowOutput(many=True, help_text=f"The first {REJECTED_ANSWERED:,}.")
    rejected_count = serializers.IntegerField()
    ignored_columns = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField(), help_text="What comes in otherwise than the file says it.")


class Harms(HarmDecisions):
    """Harms of the systems that the caller may see, worst first; those that were merged into others too."""

    ability = Ability.REGISTER
    queryset = Harm.objects.select_related("category").prefetch_related(
        Prefetch("uses", HarmUse.objects.filter(intended_use__archived_at=None).order_by("intended_use__number"), to_attr="live_uses")
    )
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
            proposed = actions.propose_harm(system=system, **self._with_uses(system, data), actor=self.caller)
            return self.answer(self.get_queryset().get(pk=proposed.pk), status=201)

        return self.once(act)

    @extend_schema(request=HarmChanges, responses=HarmOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is said about a harm; its risk is stated by assessing it."""
        harm = self.visible()
        actions.edit_harm(harm_id=harm.pk, **self._with_uses(harm.system, self._given(HarmChanges)), actor=self.caller)
        return self.answer(self.visible())

    @extend_schema(request=Assessment, responses={201: RiskPointOutput})
    @action(detail=True, methods=["post"])
    def assess(self, request: Request, pk: str) -> Response:
        """State the inherent risk on the current scale, of the harm as a whole or in one intended use."""
        harm = self.visible()

        def act() -> Response:
            data = self.read(Assessment)
            data["intended_use"] = self.find(IntendedUse.objects, data.get("intended_use"), "intended_use")
            point = actions.assess_harm(harm_id=harm.pk, **data, actor=self.caller)
            return Response(RiskPointOutput(point).data, status=201)

        return self.once(act)

    @extend_schema(responses=RiskPointOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], url_path="risk-points", pagination_class=None)
    def risk_points(self, request: Request, pk: str) -> Response:
        """Every statement of its risk, newest first."""
        points = list(selectors.risk_points_of(self.visible()))
        return Response(RiskPointOutput(points, many=True, context={"sources": selectors.sources_of(points, self.caller)}).data)

    @extend_schema(request={"multipart/form-data": HarmImportInput}, responses=HarmImportOutput, filters=False)
    @action(detail=False, methods=["post"], url_path="import", parser_classes=[MultiPartParser], pagination_class=None)
    def import_harms(self, request: Request) -> Response:
        """Import a file of harms. Every row is accepted, a duplicate, or rejected with a reason; the same file again brings nothing."""
        fields = dict(request.data.items())  # type: ignore[union-attr]  # a form, so never a list; reading it brings the file in
        file = received_file(request._request)
        if unknown := sorted(set(fields) - IMPORT_FIELDS):
            raise UnknownParameter(f"There is no field “{unknown[0][:60]}” here.")
        given = HarmImportInput(data={**fields, "file": file})
        given.fields.pop("file")
        given.is_valid(raise_exception=True)
        asked = dict(given.validated_data)
        system = self.find(AISystem.objects, asked["system"], "system")
        content, name = file.read(), stored_file_name(file.name or "")
        format = format_of(asked.get("format", ""), name, content[:HEAD_BYTES])
        if asked["dry_run"]:
            return _import_answer(actions.preview_import(system=system, content=content, format=format, actor=self.caller))
        request.META["raiportal.body_digest"] = hashlib.sha256(f"{system.pk} {format} ".encode() + content).hexdigest()

        def act() -> Response:
            return _import_answer(actions.import_harms(system=system, content=content, file_name=name, format=format, actor=self.caller))

        return idempotency.once(request, self.caller, act)

    def _with_uses(self, system: AISystem, data: dict[str, Any]) -> dict[str, Any]:
        """The input with its uses as rows; those of other systems are refused as if they weren't there."""
        if "uses" in data:
            data["uses"] = [self.find(IntendedUse.objects.filter(system=system), pk, "uses") for pk in dict.fromkeys(data["uses"])]
        return data

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


def _import_answer(reading: Reading) -> Response:
    report = reading.as_json()
    return Response(HarmImportOutput(report).data)
