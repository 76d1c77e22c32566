"""The API of red-team campaigns."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, policies
from harms.api.shapes import configuration_of, id_field, words_field
from harms.campaign_filters import CampaignApiFilter
from harms.enums import Approach, CampaignState, TestedLayer
from harms.models import Campaign, Harm, Objective
from harms.selectors import campaigns as selectors
from raiportal.accounts.enums import Ability
from raiportal.accounts.models import User
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from systems.models import AISystem

MOST_PEOPLE = 100  # offered at once as testers; words narrow them


class CharterChanges(serializers.Serializer[Any]):
    """What is left out stays as it is."""

    title = serializers.CharField(max_length=160, required=False)
    aim = words_field()
    approach = serializers.ChoiceField(Approach.choices, required=False)
    configuration = id_field(required=False, allow_null=True)
    scope = serializers.ListField(child=id_field(), required=False, max_length=50, help_text="Ids of harms, the one to be tried first before the others.")
    layers = serializers.ListField(child=serializers.ChoiceField(TestedLayer.choices), required=False)
    rules_of_engagement = words_field()
    stop_rules = words_field()
    data_handling = words_field()
    retention_days = serializers.IntegerField(min_value=1, max_value=3_650, required=False, help_text="From its close until transcripts lose their texts.")
    content_warning = words_field()
    support_contact = words_field(200)
    most_probes = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, allow_null=True)
    budget_tokens = id_field(required=False, allow_null=True)
    daily_probes = serializers.IntegerField(min_value=1, max_value=500, required=False)
    daily_minutes = serializers.IntegerField(min_value=1, max_value=480, required=False)
    break_after_minutes = serializers.IntegerField(min_value=1, max_value=480, required=False)
    break_minutes = serializers.IntegerField(min_value=1, max_value=480, required=False)
    is_break_enforced = serializers.BooleanField(required=False)


class CampaignInput(CharterChanges):
    system = id_field()
    title = serializers.CharField(max_length=160)
    aim = serializers.CharField(max_length=4_000)


class CampaignReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2_000)


class Debrief(serializers.Serializer[Any]):
    debrief = serializers.CharField(max_length=4_000)


class RetentionInput(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=3_650, help_text="From the close until transcripts lose their texts.")
    reason = serializers.CharField(max_length=2_000)


class TesterInput(serializers.Serializer[Any]):
    person = id_field()


class ConsentInput(serializers.Serializer[Any]):
    seen = serializers.CharField(max_length=64, help_text="The campaign's `warning_digest`, as it was read.")


class ObjectiveInput(serializers.Serializer[Any]):
    harm = id_field()
    words = serializers.CharField(max_length=300)


class ObjectiveOutput(serializers.ModelSerializer[Objective]):
    class Meta:
        model = Objective
        fields = ("id", "number", "harm", "words", "created_at")
        read_only_fields = fields


class CampaignOutput(serializers.ModelSerializer[Campaign]):
    state = serializers.ChoiceField(CampaignState.choices)
    approach = serializers.ChoiceField(Approach.choices)
    sessions = serializers.IntegerField(source="session_count")
    findings = serializers.IntegerField(source="finding_count")
    scope = serializers.SerializerMethodField(help_text="Ids of harms, the one to be tried first before the others.")

    class Meta:
        model = Campaign
        fields = (
            *("id", "system", "title", "aim", "approach", "state", "configuration", "scope", "layers", "rules_of_engagement", "stop_rules", "data_handling"),
            *("content_warning", "warning_digest", "support_contact", "most_probes", "budget_tokens", "daily_probes", "daily_minutes", "retention_days"),
            *("break_after_minutes", "break_minutes", "is_break_enforced", "debrief", "sessions", "findings", "started_at", "closed_at", "created_at"),
        )
        read_only_fields = fields

    def get_scope(self, campaign: Campaign) -> list[int]:
        return [entry.harm_id for entry in sorted(campaign.scope.all(), key=lambda entry: entry.position)]


class AttackShareOutput(serializers.Serializer[Any]):
    """One share of attack success; each has a denominator of its own."""

    unit = serializers.CharField(help_text="attempt, session or objective")
    succeeded = serializers.IntegerField()
    judged = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="95 %, Wilson; null where the sampling allows none.")
    beside = serializers.CharField()


class FiguresOutput(serializers.Serializer[Any]):
    shares = AttackShareOutput(many=True)
    caveats = serializers.ListField(child=serializers.CharField())


class CoverageCell(serializers.Serializer[Any]):
    harm = serializers.IntegerField()
    strategy = serializers.CharField(allow_blank=True)
    layer = serializers.CharField()
    attempts = serializers.IntegerField()
    sessions = serializers.IntegerField()
    nothing_found = serializers.IntegerField()
    found = serializers.IntegerField()
    is_gap = serializers.BooleanField()


class CoverageOutput(serializers.Serializer[Any]):
    gaps = serializers.IntegerField()
    cells = CoverageCell(many=True)


class TesterOutput(serializers.Serializer[Any]):
    person = serializers.IntegerField(source="person_id")
    is_taking_part = serializers.BooleanField()
    invited_at = serializers.DateTimeField()
    consented_at = serializers.DateTimeField(allow_null=True)
    opted_out_at = serializers.DateTimeField(allow_null=True)


class InvitablePerson(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()


class Campaigns(Resource):
    """Red-team campaigns: charter, course, testers, figures and coverage."""

    ability = Ability.REGISTER
    queryset = Campaign.objects.all()
    serializer_class = CampaignOutput
    filterset_class = CampaignApiFilter
    sorts: ClassVar[dict[str, Sort]] = {"id": Sort("pk"), "title": Sort("title_key")}
    default_sort = "-id"

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.campaigns_of(super().get_queryset()).prefetch_related("scope")

    @extend_schema(request=CampaignInput, responses={201: CampaignOutput})
    def create(self, request: Request) -> Response:
        """Plan a campaign; it is a draft."""

        def act() -> Response:
            given = self.read(CampaignInput)
            system = self.find(AISystem.objects, given.pop("system"), "system")
            added = actions.add_campaign(system=system, actor=self.caller, **self._rows(given))
            return self._answer(added.pk, status=201)

        return self.once(act)

    @extend_schema(request=CharterChanges, responses=CampaignOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given, of a draft or while it is paused."""
        held = self.visible()
        policies.may_write_campaign(self.caller, held).require()
        actions.edit_campaign(campaign_id=held.pk, actor=self.caller, **self._rows(self.read(CharterChanges)))
        return self._answer(held.pk)

    @extend_schema(request=None, responses=CampaignOutput)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Let it begin; refused with everything that the charter lacks."""
        self.read_nothing()
        return self._answer(actions.start_campaign(campaign_id=self.visible().pk, actor=self.caller).pk)

    @extend_schema(request=CampaignReason, responses=CampaignOutput)
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, pk: str) -> Response:
        """Give up a draft."""
        return self._answer(actions.discard_campaign(campaign_id=self.visible().pk, actor=self.caller, **self.read(CampaignReason)).pk)

    @extend_schema(request=CampaignReason, responses=CampaignOutput)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Send nothing more until it is resumed."""
        return self._answer(actions.pause_campaign(campaign_id=self.visible().pk, actor=self.caller, **self.read(CampaignReason)).pk)

    @extend_schema(request=CampaignReason, responses=CampaignOutput)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let it go on."""
        return self._answer(actions.resume_campaign(campaign_id=self.visible().pk, actor=self.caller, **self.read(CampaignReason)).pk)

    @extend_schema(request=Debrief, responses=CampaignOutput)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """End it with what was learned."""
        return self._answer(actions.close_campaign(campaign_id=self.visible().pk, actor=self.caller, **self.read(Debrief)).pk)

    @extend_schema(request=RetentionInput, responses=CampaignOutput)
    @action(detail=True, methods=["post"])
    def retention(self, request: Request, pk: str) -> Response:
        """Keep transcripts for more or fewer days, also of a closed campaign."""
        return self._answer(actions.change_retention(campaign_id=self.visible().pk, actor=self.caller, **self.read(RetentionInput)).pk)

    @extend_schema(request=TesterInput, responses={201: TesterOutput})
    @action(detail=True, methods=["post"], url_path="testers")
    def testers(self, request: Request, pk: str) -> Response:
        """Invite a person as a tester."""
        held = self.visible()
        policies.may_write_campaign(self.caller, held).require()
        person = User.objects.filter(pk=self.read(TesterInput)["person"], is_active=True).first()
        if person is None:
            raise Invalid("There is nobody with this id who can be a tester.", field="person")
        return Response(TesterOutput(actions.invite_tester(campaign_id=held.pk, person=person, actor=self.caller)).data, status=201)

    @extend_schema(parameters=[OpenApiParameter("q", str, description="Part of a name or username.")], responses=InvitablePerson(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def people(self, request: Request, pk: str) -> Response:
        """Who could be invited as a tester, by name; the first hundred."""
        held = self.visible()
        policies.may_write_campaign(self.caller, held).require()
        self.refuse_unknown_parameters(request, {"q"})
        return Response(InvitablePerson(selectors.people_to_invite(held, request.query_params.get("q", "")[:150])[:MOST_PEOPLE], many=True).data)

    @extend_schema(request=ConsentInput, responses=TesterOutput)
    @action(detail=True, methods=["post"])
    def consent(self, request: Request, pk: str) -> Response:
        """Say that you read the content warning and take part."""
        return Response(TesterOutput(actions.consent(campaign_id=self.visible().pk, actor=self.caller, **self.read(ConsentInput))).data)

    @extend_schema(request=None, responses=TesterOutput)
    @action(detail=True, methods=["post"], url_path="opt-out")
    def opt_out(self, request: Request, pk: str) -> Response:
        """Stop taking part, at once and without a reason."""
        self.read_nothing()
        return Response(TesterOutput(actions.opt_out(campaign_id=self.visible().pk, actor=self.caller)).data)

    @extend_schema(request=ObjectiveInput, responses={201: ObjectiveOutput})
    @action(detail=True, methods=["post"])
    def objectives(self, request: Request, pk: str) -> Response:
        """Name something that testers try to make the system do."""
        held = self.visible()
        policies.may_write_campaign(self.caller, held).require()
        given = self.read(ObjectiveInput)
        harm = self.find(Harm.objects, given["harm"], "harm")
        return Response(ObjectiveOutput(actions.add_objective(campaign_id=held.pk, harm=harm, words=given["words"], actor=self.caller)).data, status=201)

    @extend_schema(responses=FiguresOutput)
    @action(detail=True, methods=["get"])
    def figures(self, request: Request, pk: str) -> Response:
        """Attack success per attempt, per session and per objective, with what it can't say."""
        return Response(FiguresOutput(selectors.figures_of(self.visible())).data)

    @extend_schema(responses=CoverageOutput)
    @action(detail=True, methods=["get"])
    def coverage(self, request: Request, pk: str) -> Response:
        """Harm by strategy by layer: tried, nothing found, found, and the gaps."""
        board = selectors.board_of(self.visible())
        cells = [
            {"harm": harm.entry.harm_id, "strategy": row.slug, "layer": layer.value, "is_gap": cell.is_gap, **vars(cell)}
            for harm in board.harms
            for row in harm.rows
            for layer, cell in row.cells
        ]
        return Response(CoverageOutput({"gaps": board.gaps, "cells": cells}).data)

    def _rows(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("configuration") is not None:
            given["configuration"] = configuration_of(self, given["configuration"])
        if "scope" in given:
            ids = given["scope"]
            found = {harm.pk: harm for harm in Harm.objects.visible_to(self.caller).filter(pk__in=ids)}
            if set(ids) - set(found):
                raise Invalid("There is none with this id that you may use.", field="scope")
            given["scope"] = [found[pk] for pk in ids]
        return given

    def _answer(self, pk: int, *, status: int = 200) -> Response:
        return self.answer(self.get_queryset().get(pk=pk), status=status)
