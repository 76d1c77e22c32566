"""Outputs of runs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms.models import Candidate
from measurements.actions import outputs as actions
from measurements.actions.candidates import add_candidate_from_output
from measurements.enums import FailureReason, Outcome
from measurements.filters import OutputFilter
from measurements.models import Judgement, MetricVersion, Output
from measurements.selectors import outputs as selectors
from measurements.selectors import severity_order
from raiportal.accounts.enums import Ability
from raiportal.api.pagination import CursorPages, page_size
from raiportal.api.resource import Resource
from raiportal.keyset import Sort


class OutputJudgement(serializers.ModelSerializer[Judgement]):
    """By a judge (`judge_version`), by a person (`labeller`), or by a person outside the portal (`outside_labeller`, a name)."""

    metric = serializers.IntegerField(source="metric_version.metric_id")
    outside_labeller = serializers.CharField(source="outside_labeller.name", allow_null=True, default=None)

    class Meta:
        model = Judgement
        fields = (
            *("metric", "metric_version", "judge_version", "labeller", "outside_labeller", "judging", "severity", "is_harmful", "reason"),
            *("spread", "is_contradicted"),
        )
        read_only_fields = fields


class OutputCase(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.IntegerField(help_text="Counted from 1 in the set version.")
    external_id = serializers.CharField()
    key = serializers.CharField()


class OutputRow(serializers.ModelSerializer[Output]):
    """An output with its answer and what was said about it."""

    case = serializers.SerializerMethodField()
    judgements = OutputJudgement(many=True)
    outcome = serializers.ChoiceField(Outcome.choices)
    reason = serializers.ChoiceField([("", ""), *FailureReason.choices])
    filters = serializers.JSONField(help_text='{"prompt" | "completion": {category: {"filtered", "severity", "detected"}}} of the provider; null without any.')

    class Meta:
        model = Output
        fields = (
            *("id", "run", "case", "repeat", "stratum", "outcome", "reason", "text", "refusal", "finish_reason", "status_code"),
            *("prompt_tokens", "completion_tokens", "latency_ms", "attempts", "last_error", "model_reported", "fingerprint", "filters"),
            *("judgements", "created_at"),
        )
        read_only_fields = fields

    @extend_schema_field(OutputCase)
    def get_case(self, output: Output) -> dict[str, Any]:
        case = output.case
        return {"id": case.pk, "number": case.position + 1, "external_id": case.external_id, "key": case.key}


class OutputWhole(OutputRow):
    """Everything: the prompt and the provider's whole answer too."""

    prompt = serializers.JSONField(source="case.messages", help_text='[{"role", "content"}]')
    body = serializers.CharField(help_text="The provider's whole answer.")

    class Meta(OutputRow.Meta):
        fields = (*OutputRow.Meta.fields, "prompt", "body")  # type: ignore[assignment]  # two more
        read_only_fields = fields  # type: ignore[assignment]


class OutputCandidateInput(serializers.Serializer[Any]):
    words = serializers.CharField(max_length=2_000, help_text="Which harm it may be; the first line becomes the title.")


class OutputCandidate(serializers.ModelSerializer[Candidate]):
    """The candidate for a harm that an output gave."""

    code = serializers.CharField(read_only=True)

    class Meta:
        model = Candidate
        fields = ("id", "code", "system", "subject_kind", "subject_id", "title", "summary", "state", "created_at")
        read_only_fields = fields


class OutputPages(CursorPages):
    """By id or case, and by the severity that one metric's judge gave."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        asked = request.query_params.get("sort", "")
        if asked.removeprefix("-") != severity_order.SORT:
            return super().paginate_queryset(queryset, request, view)
        version = severity_order.only(view.versions())
        cursor = request.query_params.get("cursor")
        self.page = severity_order.page(queryset, version, cursor, page_size(request), is_descending=asked.startswith("-"))
        self.address = request.build_absolute_uri()
        return self.page.rows

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "sort":
                parameter["schema"]["enum"] += [severity_order.SORT, f"-{severity_order.SORT}"]
                parameter["description"] = "By severity only with one metric, or in a run with one."
        return parameters


class Outputs(Resource):
    """How the items of a run ended. Reading answers is recorded, once a page."""

    ability = Ability.MEASURE
    queryset = Output.objects.all()
    serializer_class = OutputRow
    filterset_class = OutputFilter
    pagination_class = OutputPages
    sorts: ClassVar[dict[str, Sort]] = {"id": Sort("pk"), "case": Sort("case_id")}

    def versions(self) -> list[MetricVersion]:
        """The metric versions that the address asks about."""
        asked = OutputFilter(self.request.query_params, queryset=Output.objects.none())
        return asked.versions if asked.is_valid() else []

    def get_queryset(self) -> Any:
        rows = (
            super()
            .get_queryset()
            .select_related("case")
            .prefetch_related(Prefetch("judgements", selectors.by_anybody().select_related("metric_version", "outside_labeller")))
        )
        return rows if self.action == "retrieve" else rows.defer("body", "case__messages")

    def filter_queryset(self, queryset: Any) -> Any:
        """One output is found by its id alone; a list names its run."""
        return queryset if self.action == "retrieve" else super().filter_queryset(queryset)

    def get_serializer_class(self) -> Any:
        return OutputWhole if self.action == "retrieve" else OutputRow

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().list(request, *args, **kwargs)
        if found := response.data["results"]:
            actions.open_outputs(run_id=found[0]["run"], count=len(found), actor=request.user)  # type: ignore[arg-type]
        return response

    @extend_schema(responses=OutputWhole)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().retrieve(request, *args, **kwargs)
        actions.open_output(output_id=response.data["id"], part="all", actor=request.user)  # type: ignore[arg-type]
        return response

    @extend_schema(request=OutputCandidateInput, responses={201: OutputCandidate})
    @action(detail=True, methods=["post"])
    def candidate(self, request: Request, pk: str) -> Response:
        """Say that it may show a new harm. An output gives one candidate; a second call returns the first."""

        def act() -> Response:
            added = add_candidate_from_output(output_id=self.visible().pk, **self.read(OutputCandidateInput), actor=self.caller)
            return Response(OutputCandidate(added).data, status=201)

        return self.once(act)
