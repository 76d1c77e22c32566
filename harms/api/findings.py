"""The API of what red teaming found."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, policies
from harms.api.campaigns import CampaignReason
from harms.api.probing import SessionOutput
from harms.api.shapes import id_field, words_field
from harms.campaign_filters import FindingApiFilter
from harms.enums import FindingState, OpinionVerdict, Origin, TestedLayer
from harms.models import Finding, Harm, HarmCategory, ProbeSession
from harms.selectors import campaigns as selectors
from harms.selectors import findings as finding_selectors
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort


class FindingInput(serializers.Serializer[Any]):
    session = id_field()
    first_turn = serializers.IntegerField(min_value=1, max_value=100_000)
    last_turn = serializers.IntegerField(min_value=1, max_value=100_000)
    title = serializers.CharField(max_length=160)
    description = serializers.CharField(max_length=4_000)
    severity = serializers.IntegerField(min_value=1, max_value=5)
    harm = id_field(required=False, allow_null=True)


class FindingOutput(serializers.ModelSerializer[Finding]):
    state = serializers.ChoiceField(FindingState.choices)
    layer = serializers.ChoiceField(TestedLayer.choices)

    class Meta:
        model = Finding
        fields = (
            *("id", "system", "campaign", "session", "first_turn", "last_turn", "title", "description", "severity", "layer", "strategies", "state"),
            *("harm", "is_new_harm", "duplicate_of", "triaged_at", "triaged_by", "created_at", "created_by"),
        )
        read_only_fields = fields


class ReproducedOutput(serializers.Serializer[Any]):
    """How often it came again, of the judged replays; the others are counted beside it."""

    again = serializers.IntegerField()
    judged = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True, help_text="Again of judged; null while none is judged.")
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="95 %, Wilson; null while none is judged.")
    unjudged = serializers.IntegerField()
    unplayed = serializers.IntegerField()
    playing = serializers.IntegerField()


class OpinionInput(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(OpinionVerdict.choices)
    severity = serializers.IntegerField(min_value=1, max_value=5)
    reason = serializers.CharField(max_length=2_000)


class OpinionOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    verdict = serializers.CharField()
    severity = serializers.IntegerField()
    reason = serializers.CharField()
    created_by = serializers.IntegerField(source="created_by_id")
    created_at = serializers.DateTimeField()


class FindingHarmInput(serializers.Serializer[Any]):
    harm = id_field()
    severity = serializers.IntegerField(min_value=1, max_value=5)
    reason = words_field(2_000)


class FindingNewHarmInput(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=160)
    category = serializers.SlugField()
    origin = serializers.ChoiceField(Origin.choices, default=Origin.MODEL)
    severity = serializers.IntegerField(min_value=1, max_value=5)
    reason = words_field(2_000)


class DuplicateInput(serializers.Serializer[Any]):
    original = id_field()
    reason = words_field(2_000)


class ReplaysInput(serializers.Serializer[Any]):
    count = serializers.IntegerField(min_value=1, max_value=10)


class Findings(Resource):
    """What red teaming found: reported, looked at by somebody else, decided, played again."""

    ability = Ability.REGISTER
    queryset = Finding.objects.select_related("system__scope", "campaign", "created_by")
    serializer_class = FindingOutput
    filterset_class = FindingApiFilter
    sorts: ClassVar[dict[str, Sort]] = {"id": Sort("pk"), "severity": Sort("severity")}
    default_sort = "-id"

    @extend_schema(request=FindingInput, responses={201: FindingOutput})
    def create(self, request: Request) -> Response:
        """Report a finding from turns of a session; it waits for triage."""

        def act() -> Response:
            given = self.read(FindingInput)
            session = self.find(ProbeSession.objects.select_related("campaign__system__scope"), given.pop("session"), "session")
            policies.may_report_finding(self.caller, session.campaign).require()
            if given.get("harm") is not None:
                given["harm"] = self.find(Harm.objects, given["harm"], "harm")
            return self.answer(actions.report_finding(session_id=session.pk, actor=self.caller, **given), status=201)

        return self.once(act)

    @extend_schema(request=OpinionInput, responses={201: OpinionOutput})
    @action(detail=True, methods=["post"])
    def opinions(self, request: Request, pk: str) -> Response:
        """Give a second opinion, once for each person who didn't find it."""
        given = actions.give_opinion(finding_id=self.visible().pk, actor=self.caller, **self.read(OpinionInput))
        return Response(OpinionOutput(given).data, status=201)

    @extend_schema(request=FindingHarmInput, responses=FindingOutput)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """It is an instance of a harm on the register."""
        held = self.visible()
        policies.may_triage(self.caller, held).require()
        given = self.read(FindingHarmInput)
        given["harm"] = self.find(Harm.objects, given["harm"], "harm")
        return self.answer(actions.confirm_finding(finding_id=held.pk, actor=self.caller, **given))

    @extend_schema(request=FindingNewHarmInput, responses=FindingOutput)
    @action(detail=True, methods=["post"], url_path="confirm-new")
    def confirm_new(self, request: Request, pk: str) -> Response:
        """It shows a harm that nobody knew; that one is proposed."""
        held = self.visible()
        policies.may_triage(self.caller, held).require()
        given = self.read(FindingNewHarmInput)
        given["category"] = HarmCategory.objects.filter(slug=given["category"]).first()
        if given["category"] is None:
            raise Invalid("There is no such category.", field="category")
        return self.answer(actions.confirm_as_new_harm(finding_id=held.pk, actor=self.caller, **given))

    @extend_schema(request=CampaignReason, responses=FindingOutput)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str) -> Response:
        """It is nothing bad, and why."""
        return self.answer(actions.dismiss_finding(finding_id=self.visible().pk, actor=self.caller, **self.read(CampaignReason)))

    @extend_schema(request=DuplicateInput, responses=FindingOutput)
    @action(detail=True, methods=["post"])
    def duplicate(self, request: Request, pk: str) -> Response:
        """It is the same as another finding."""
        held = self.visible()
        policies.may_triage(self.caller, held).require()
        given = self.read(DuplicateInput)
        given["original"] = self.find(Finding.objects, given["original"], "original")
        return self.answer(actions.mark_duplicate(finding_id=held.pk, actor=self.caller, **given))

    @extend_schema(request=CampaignReason, responses=FindingOutput)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Take the decision back."""
        return self.answer(actions.reopen_finding(finding_id=self.visible().pk, actor=self.caller, **self.read(CampaignReason)))

    @extend_schema(methods=["get"], responses=ReproducedOutput)
    @extend_schema(methods=["post"], request=ReplaysInput, responses={201: SessionOutput(many=True)})
    @action(detail=True, methods=["get", "post"])
    def replays(self, request: Request, pk: str) -> Response:
        """How often it came again; or ask the same configuration again, so many times over."""
        held = self.visible()
        if request.method == "GET":
            return Response(ReproducedOutput(finding_selectors.reproduced([held]).get(held.pk, finding_selectors.Reproduced())).data)
        made = actions.start_replays(finding_id=held.pk, actor=self.caller, **self.read(ReplaysInput))
        rows = selectors.with_counts(ProbeSession.objects.filter(pk__in=[replay.pk for replay in made])).order_by("pk")
        return Response(SessionOutput(rows, many=True).data, status=201)
