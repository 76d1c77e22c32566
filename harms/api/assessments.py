"""The API of impact assessments."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, selectors
from harms.enums import AssessmentState, Origin
from harms.models import LONGEST_ANSWER, Answer, Assessment, HarmCategory, Impact
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from systems.models import AISystem, IntendedUse, Stakeholder

SHAPES = (
    "Text and choice: a text. List: a list of texts. Table: rows of texts by column. Yes or no: {answer, why}. "
    "The form's questions say which. Empty or null takes the answer away."
)


@extend_schema_field({"description": SHAPES, "nullable": True})
class AnswerValue(serializers.JSONField):
    """An answer in the shape of its question."""


class QuestionOutput(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()
    section = serializers.IntegerField()
    asked = serializers.CharField(help_text="once, for each intended use, or for each stakeholder.")
    question = serializers.CharField()
    answer = serializers.CharField(help_text="text, list, table, choice, or yes or no.")
    choices = serializers.ListField(child=serializers.CharField())
    columns = serializers.ListField(child=serializers.CharField())
    is_trigger = serializers.BooleanField(help_text="A yes makes the use sensitive.")
    needed = serializers.CharField(help_text="always, when sensitive, or empty.")
    taken_from = serializers.CharField(help_text="What the portal fills in by itself; empty: answered by hand.")


class AnswerOutput(serializers.ModelSerializer[Answer]):
    value = AnswerValue()

    class Meta:
        model = Answer
        fields = ("question", "intended_use", "stakeholder", "value", "revision", "answered_at", "answered_by")
        read_only_fields = fields


class ImpactOutput(serializers.ModelSerializer[Impact]):
    class Meta:
        model = Impact
        fields = ("id", "assessment", "intended_use", "stakeholder", "benefit", "potential_harm", "harm", "created_at", "created_by", "updated_at")
        read_only_fields = fields


class AssessmentOutput(serializers.ModelSerializer[Assessment]):
    class Meta:
        model = Assessment
        fields = ("id", "system", "number", "state", "based_on", "created_at", "created_by", "closed_at", "closed_by")
        read_only_fields = fields


class WholeAssessmentOutput(AssessmentOutput):
    """One version with everything that it asks and says."""

    questions = QuestionOutput(many=True, read_only=True)
    answers = AnswerOutput(many=True, read_only=True)
    impacts = ImpactOutput(many=True, read_only=True)
    known = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), read_only=True, help_text="Lines by question.")
    missing = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="Needed answers that are not there, in words.")
    sensitive = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), read_only=True, help_text="By use id, why.")

    class Meta:
        model = Assessment
        fields = (*AssessmentOutput.Meta.fields, "questions", "answers", "impacts", "known", "missing", "sensitive")
        read_only_fields = fields


class AssessmentInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()


class AnswerInput(serializers.Serializer[Any]):
    question = serializers.SlugField(max_length=80)
    intended_use = serializers.IntegerField(required=False, allow_null=True)
    stakeholder = serializers.IntegerField(required=False, allow_null=True)
    value = AnswerValue(allow_null=True)
    revision = serializers.IntegerField(required=False, min_value=0, help_text="The one that was read (0: none). Given, a newer one is not written over: 409.")


class ImpactWords(serializers.Serializer[Any]):
    benefit = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_ANSWER)
    potential_harm = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_ANSWER)


class ImpactInput(ImpactWords):
    assessment = serializers.IntegerField()
    intended_use = serializers.IntegerField()
    stakeholder = serializers.IntegerField()


class ImpactHarm(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=160)
    category = serializers.SlugField()
    origin = serializers.ChoiceField(Origin.choices, default=Origin.SCENARIO)


class BecameHarm(serializers.Serializer[Any]):
    harm = serializers.IntegerField()


class AssessmentReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class AssessmentFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="system_id")
    state = django_filters.ChoiceFilter(choices=AssessmentState.choices)


class ImpactFilter(django_filters.FilterSet):
    assessment = django_filters.NumberFilter(field_name="assessment_id")


class Assessments(Resource):
    """Versions of systems' impact assessments."""

    ability = Ability.REGISTER
    queryset = Assessment.objects.select_related("system__scope")
    serializer_class = AssessmentOutput
    filterset_class = AssessmentFilter
    sorts = {"id": Sort("pk")}
    default_sort = "-id"

    @extend_schema(responses=WholeAssessmentOutput)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One version with its questions, answers, impacts and what is missing."""
        return Response(_whole(self.visible()))

    @extend_schema(request=AssessmentInput, responses={201: AssessmentOutput})
    def create(self, request: Request) -> Response:
        """Begin a version, with everything that the last closed one says."""

        def act() -> Response:
            system = self.find(AISystem.objects, self.read(AssessmentInput)["system"], "system")
            return self.answer(actions.start_assessment(system=system, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=AnswerInput, responses=WholeAssessmentOutput)
    @action(detail=True, methods=["post"], url_path="answers")
    def answers(self, request: Request, pk: str) -> Response:
        """Keep one answer."""
        held = self.visible()
        data = self.read(AnswerInput)
        actions.answer_question(
            assessment_id=held.pk,
            question=data["question"],
            use_id=data.get("intended_use"),
            stakeholder_id=data.get("stakeholder"),
            value="" if data["value"] is None else data["value"],
            seen=data.get("revision"),
            actor=self.caller,
        )
        return Response(_whole(self.visible()))

    @extend_schema(request=None, responses=AssessmentOutput)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Freeze a complete version."""
        self.read_nothing()
        return self.answer(actions.close_assessment(assessment_id=self.visible().pk, actor=self.caller))

    @extend_schema(request=AssessmentReason, responses=AssessmentOutput)
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, pk: str) -> Response:
        """Give up a version that is being written."""
        return self.answer(actions.discard_assessment(assessment_id=self.visible().pk, **self.read(AssessmentReason), actor=self.caller))


def _whole(assessment: Assessment) -> Any:
    form = selectors.form_of(assessment)
    standing = selectors.standing_of(assessment, form)
    assessment.questions = form.questions  # type: ignore[attr-defined]
    assessment.known = form.known  # type: ignore[attr-defined]
    assessment.missing = standing.missing if assessment.state == AssessmentState.WRITING else []  # type: ignore[attr-defined]
    assessment.sensitive = {str(pk): why for pk, why in standing.sensitive.items()}  # type: ignore[attr-defined]
    return WholeAssessmentOutput(assessment).data


class Impacts(Resource):
    """What groups may gain from uses of systems, and what these may do to them."""

    ability = Ability.REGISTER
    queryset = Impact.objects.select_related("assessment__system__scope")
    serializer_class = ImpactOutput
    filterset_class = ImpactFilter
    sorts = {"id": Sort("pk")}
    default_sort = "-id"

    @extend_schema(request=ImpactInput, responses={201: ImpactOutput})
    def create(self, request: Request) -> Response:
        """Add a row to an assessment that is being written."""

        def act() -> Response:
            data = self.read(ImpactInput)
            held = self.find(Assessment.objects, data.pop("assessment"), "assessment")
            use = self.find(IntendedUse.objects.filter(system=held.system), data.pop("intended_use"), "intended_use")
            group = self.find(Stakeholder.objects.filter(system=held.system), data.pop("stakeholder"), "stakeholder")
            return self.answer(actions.add_impact(assessment_id=held.pk, use=use, stakeholder=group, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=ImpactWords, responses=ImpactOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the words of a row."""
        held = self.visible()
        words = {"benefit": held.benefit, "potential_harm": held.potential_harm, **self.read(ImpactWords)}
        return self.answer(actions.edit_impact(impact_id=held.pk, **words, actor=self.caller))

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, pk: str) -> Response:
        """Take a row away from an assessment that is being written."""
        self.read_nothing()
        actions.remove_impact(impact_id=self.visible().pk, actor=self.caller)
        return Response(status=204)

    @extend_schema(request=ImpactHarm, responses={201: BecameHarm})
    @action(detail=True, methods=["post"])
    def propose(self, request: Request, pk: str) -> Response:
        """Put what a use may do to a group onto the harm register."""
        held = self.visible()

        def act() -> Response:
            data = self.read(ImpactHarm)
            category = HarmCategory.objects.filter(slug=data.pop("category")).first()
            if category is None:
                raise Invalid("There is no such category.", field="category")
            return Response({"harm": actions.propose_from_impact(impact_id=held.pk, category=category, **data, actor=self.caller).pk}, status=201)

        return self.once(act)
