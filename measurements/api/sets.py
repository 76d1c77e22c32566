"""Measurement sets, the import of cases, versions and cases."""

from __future__ import annotations

import hashlib
from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from harms.models import Finding, Harm
from measurements import policies
from measurements.actions import sets as actions
from measurements.actions.promotions import add_case_from_finding
from measurements.actions.stress import add_stress_set
from measurements.api.stress import StressInput, StressSetOutput
from measurements.enums import Sampling, UploadFormat
from measurements.filters import CaseFilter, SetFilter
from measurements.models import Case, MeasurementSet, MeasurementSetVersion
from measurements.selectors import sets as selectors
from measurements.selectors.reading import REJECTED_ANSWERED, ImportedFile, ImportReport, chosen_format
from raiportal.accounts.enums import Ability
from raiportal.api import idempotency
from raiportal.api.problems import UnknownParameter
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from raiportal.uploads import received_file, stored_file_name
from systems.models import AISystem

IMPORT_FIELDS = frozenset({"file", "format", "dry_run"})
PIECE_BYTES = 1024 * 1024


# --- Sets ---
class MeasurementSetOutput(serializers.ModelSerializer[MeasurementSet]):
    newest_version = serializers.IntegerField(source="newest_id", read_only=True, allow_null=True)
    case_count = serializers.IntegerField(read_only=True, allow_null=True, help_text="Cases of the newest version.")

    class Meta:
        model = MeasurementSet
        fields = ("id", "system", "name", "description", "sampling", "harms", "newest_version", "case_count", "created_at", "updated_at")
        read_only_fields = fields


class MeasurementSetInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    name = serializers.CharField(max_length=actions.LONGEST_NAME)
    description = serializers.CharField(required=False, allow_blank=True, default="", max_length=20_000)
    sampling = serializers.ChoiceField(Sampling.choices, required=False, default=Sampling.TARGETED)
    harms = serializers.ListField(child=serializers.IntegerField(), required=False, default=list, max_length=200, help_text="Ids of harms.")


class MeasurementSetChanges(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=actions.LONGEST_NAME, required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    sampling = serializers.ChoiceField(Sampling.choices, required=False)
    harms = serializers.ListField(child=serializers.IntegerField(), required=False, max_length=200, help_text="Ids of harms.")


class ImportInput(serializers.Serializer[Any]):
    file = serializers.FileField()
    format = serializers.ChoiceField(UploadFormat.choices, required=False, help_text="Found out from the file when left out.")
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Read and report, store nothing.")


class RejectedRowOutput(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="The line it starts on, counted from 1.")
    reason = serializers.CharField()


class ImportOutput(serializers.Serializer[Any]):
    version = serializers.IntegerField(allow_null=True, help_text="The version that holds the cases; null on a dry run, and while the set has no case.")
    run = serializers.IntegerField(allow_null=True, help_text="The run that the file's answers are; null without answers, and on a dry run before it is there.")
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField(help_text="Cases that are in the set already or earlier in the file.")
    rejected = RejectedRowOutput(many=True, help_text=f"The first {REJECTED_ANSWERED:,}.")
    rejected_count = serializers.IntegerField()
    ignored_columns = serializers.ListField(child=serializers.CharField())
    unknown_harms = serializers.DictField(child=serializers.IntegerField(), help_text="Rows by a harm that the system hasn't; their cases carry no harm.")
    answers = serializers.IntegerField(help_text="Answers in a file of results, however they ended.")
    labels = serializers.IntegerField(help_text="People's labels of these answers.")
    left_over = serializers.DictField(child=serializers.IntegerField(), help_text="What the file holds that has no place here, by name and number.")


class FindingCaseInput(serializers.Serializer[Any]):
    finding = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="Id of a confirmed finding of the set's system.")
    expectation = serializers.CharField(max_length=2_000, required=False, allow_blank=True, default="", help_text="What a good answer does.")


class MeasurementSets(Resource):
    """Named collections of cases. Their cases live in versions."""

    ability = Ability.MEASURE
    queryset = MeasurementSet.objects.all()
    serializer_class = MeasurementSetOutput
    filterset_class = SetFilter
    sorts = {"id": Sort("pk"), "created_at": Sort("created_at")}

    def get_queryset(self) -> Any:
        return selectors.with_newest_version(super().get_queryset()).prefetch_related("harms")

    @extend_schema(request=MeasurementSetInput, responses={201: MeasurementSetOutput})
    def create(self, request: Request) -> Response:
        """Add a set, without cases yet."""
        return self.once(self._create)

    @extend_schema(request=MeasurementSetChanges, responses=MeasurementSetOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change name, description, sampling or harms."""
        row = self.visible()
        data = self.read(MeasurementSetChanges)
        harms = self._harms(data.pop("harms")) if "harms" in data else list(row.harms.all())
        kept = {field: getattr(row, field) for field in ("name", "description", "sampling")}
        actions.edit_set(set_id=row.pk, **{**kept, **data}, harms=harms, actor=request.user)  # type: ignore[arg-type]
        return self.answer(self.visible())

    @extend_schema(request={"multipart/form-data": ImportInput}, responses=ImportOutput)
    @action(detail=True, methods=["post"], url_path="import", parser_classes=[MultiPartParser])
    def import_cases(self, request: Request, pk: str) -> Response:
        """Import a file of cases. Every row is accepted, a duplicate, or rejected with a reason."""
        row = self.visible()
        file = received_file_of(request)
        fields = dict(request.data.items())  # type: ignore[union-attr]  # a form, so never a list
        if unknown := sorted(set(fields) - IMPORT_FIELDS):
            raise UnknownParameter(f"There is no field “{unknown[0][:60]}” here.")
        format = chosen_format(_known_format(fields.get("format")), file.name, file)
        if _is_dry_run(fields.get("dry_run", False)):
            return self._dry_run(row, file, format)
        request.META["raiportal.body_digest"] = _digest(file, format)
        return idempotency.once(request, request.user, lambda: self._import(row, file, format))  # type: ignore[arg-type]

    @extend_schema(request=FindingCaseInput, responses={201: ImportOutput})
    @action(detail=True, methods=["post"])
    def findings(self, request: Request, pk: str) -> Response:
        """Make a case of a confirmed finding of red teaming, in the next version of this set. A set that has it already gets no new version."""

        def act() -> Response:
            held, data = self.visible(), self.read(FindingCaseInput)
            policies.may_edit_sets(self.caller, held.system).require()
            finding = self.find(Finding.objects, data["finding"], "finding")
            result = add_case_from_finding(finding_id=finding.pk, set_id=held.pk, expectation=data["expectation"], actor=self.caller)
            answer = _import_answer(result.version, result.report)
            answer.status_code = 201
            return answer

        return self.once(act)

    def _create(self) -> Response:
        data = self.read(MeasurementSetInput)
        system = self.find(AISystem.objects, data.pop("system"), "system")
        harms = self._harms(data.pop("harms"))
        row = actions.add_set(system=system, harms=harms, **data, actor=self.request.user)  # type: ignore[arg-type]
        return self.answer(self.get_queryset().get(pk=row.pk), status=201)

    def _harms(self, ids: list[int]) -> list[Harm]:
        return [self.find(Harm.objects, pk, "harms") for pk in dict.fromkeys(ids)]

    def _dry_run(self, row: MeasurementSet, file: ImportedFile, format: str) -> Response:
        name = stored_file_name(file.name)  # type: ignore[attr-defined]
        report, _ = actions.previewed_report(row, file, name, format, self.request.user)  # type: ignore[arg-type]
        return _import_answer(None, report)

    def _import(self, row: MeasurementSet, file: Any, format: str) -> Response:
        result = actions.import_cases(set_id=row.pk, file=file, file_name=file.name, format=format, actor=self.request.user)  # type: ignore[arg-type]
        return _import_answer(result.version, result.report)


def received_file_of(request: Request) -> Any:
    """The upload of an API request. Its fields are read first, since reading them is what brings the file in."""
    request.data  # noqa: B018 (a property that parses)
    return received_file(request._request)


def _known_format(asked: object) -> str:
    if not asked or asked in UploadFormat.values:
        return str(asked or "")
    raise Invalid(f"Files come as {', '.join(UploadFormat.values)}; “{str(asked)[:40]}” isn't read.", field="format")


def _is_dry_run(asked: object) -> bool:
    try:
        return bool(serializers.BooleanField().run_validation(asked))
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"dry_run": error.detail}) from error


def _digest(file: Any, format: str) -> str:
    digest = hashlib.sha256(format.encode())
    while piece := file.read(PIECE_BYTES):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


def _import_answer(version: MeasurementSetVersion | None, report: ImportReport) -> Response:
    answer = {
        "version": version.pk if version else None,
        "run": report.run_id,
        "accepted": report.accepted,
        "duplicates": report.duplicates,
        "rejected": report.rejected,
        "rejected_count": report.rejected_count,
        "ignored_columns": report.ignored_columns,
        "unknown_harms": report.unknown_harms,
        "answers": report.results.answers,
        "labels": report.results.label_count,
        "left_over": report.results.left_over,
    }
    return Response(ImportOutput(answer).data)


# --- Versions ---
class SetVersionOutput(serializers.ModelSerializer[MeasurementSetVersion]):
    class Meta:
        model = MeasurementSetVersion
        fields = ("id", "measurement_set", "number", "case_count", "added_count", "digest", "file_name", "file_digest", "created_at")
        read_only_fields = fields


class SetVersionFilter(django_filters.FilterSet):
    measurement_set = django_filters.NumberFilter(field_name="measurement_set_id")

    class Meta:
        model = MeasurementSetVersion
        fields = ("measurement_set",)


class SetVersions(Resource):
    """Immutable versions of sets."""

    ability = Ability.MEASURE
    queryset = MeasurementSetVersion.objects.all()
    serializer_class = SetVersionOutput
    filterset_class = SetVersionFilter

    @extend_schema(request=StressInput, responses={201: StressSetOutput})
    @action(detail=True, methods=["post"])
    def stress(self, request: Request, pk: str) -> Response:
        """Make a set of this version's cases, untransformed and by each of the transforms."""
        version = self.visible()

        def act() -> Response:
            data = self.read(StressInput)
            made = add_stress_set(
                version=version, name=data["name"], slugs=data["transforms"], most_cases=data["most_cases"], seed=data["seed"], actor=self.caller
            )
            return Response(StressSetOutput(made).data, status=201)

        return self.once(act)


# --- Cases ---
class CaseOutput(serializers.ModelSerializer[Case]):
    input = serializers.JSONField(source="messages", help_text='[{"role", "content"}]')
    id = serializers.IntegerField()

    class Meta:
        model = Case
        fields = ("id", "version", "position", "key", "external_id", "input", "stratum", "harm", "expectation", "language", "source")
        read_only_fields = fields


class Cases(Resource):
    """Cases of one version, with their prompts; reading them is recorded once a page."""

    ability = Ability.MEASURE
    queryset = Case.objects.all()
    serializer_class = CaseOutput
    filterset_class = CaseFilter
    sorts = {"position": Sort("position")}
    default_sort = "position"

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().list(request, *args, **kwargs)
        if response.data["results"]:
            actions.open_prompts(version_id=response.data["results"][0]["version"], actor=request.user)  # type: ignore[arg-type]
        return response

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        case = self.visible()
        actions.open_prompts(version_id=case.version_id, actor=request.user)  # type: ignore[arg-type]
        return self.answer(case)
