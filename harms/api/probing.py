"""The API of probe sessions: what was sent, what came back, and what came of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, policies
from harms.api.shapes import configuration_of, id_field, strategies_field, words_field
from harms.campaign_filters import SessionApiFilter
from harms.enums import SessionKind, SessionResult, SessionState, TestedLayer, Verdict
from harms.models import LONGEST_PROMPT, Campaign, Harm, Objective, ProbeSession, Turn
from harms.selectors import campaigns as selectors
from harms.selectors import findings as finding_selectors
from harms.transcripts import MOST_CHARACTERS
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort


class SessionInput(serializers.Serializer[Any]):
    campaign = id_field()
    harm = id_field()
    layer = serializers.ChoiceField(TestedLayer.choices)
    objective = id_field(required=False, allow_null=True)
    language = words_field(35)
    goal = words_field(300)


class TranscriptInput(serializers.Serializer[Any]):
    campaign = id_field()
    harm = id_field()
    layer = serializers.ChoiceField(TestedLayer.choices)
    text = serializers.CharField(max_length=MOST_CHARACTERS, trim_whitespace=False, help_text="“User: … Assistant: …”, or JSON messages.")
    source = serializers.CharField(max_length=200)  # type: ignore[assignment]  # the field is called so
    objective = id_field(required=False, allow_null=True)
    configuration = id_field(required=False, allow_null=True)
    strategies = strategies_field()
    language = words_field(35)
    result = serializers.ChoiceField(SessionResult.choices, required=False)


class SessionOutput(serializers.ModelSerializer[ProbeSession]):
    kind = serializers.ChoiceField(SessionKind.choices)
    state = serializers.ChoiceField(SessionState.choices)
    result = serializers.CharField(help_text="found, nothing_found, broken_off, or empty")
    layer = serializers.ChoiceField(TestedLayer.choices)
    turns = serializers.IntegerField(source="turn_count")

    class Meta:
        model = ProbeSession
        fields = (
            *("id", "campaign", "kind", "state", "tester", "configuration", "harm", "objective", "layer", "language", "goal", "source", "result"),
            *("finding", "is_reproduced", "turns", "started_at", "ended_at"),
        )
        read_only_fields = fields


class TurnInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=LONGEST_PROMPT, trim_whitespace=False)
    key = serializers.CharField(min_length=8, max_length=64, help_text="Yours; the same one again is the same turn, so nothing is sent twice.")
    strategies = strategies_field()
    note = words_field(2_000)


class TurnOutput(serializers.ModelSerializer[Turn]):
    class Meta:
        model = Turn
        fields = (
            *("id", "number", "text", "strategies", "note", "progress", "outcome", "answer", "refusal", "reason", "detail", "filters"),
            *("finish_reason", "model_reported"),
            *("fingerprint", "prompt_tokens", "completion_tokens", "latency_ms", "http_status", "attempt_count", "verdict", "sent_at", "ended_at"),
            *("texts_deleted_at", "texts_digest"),
        )
        read_only_fields = fields


class SessionEnd(serializers.Serializer[Any]):
    result = serializers.ChoiceField(SessionResult.choices)


class ReplayVerdict(serializers.Serializer[Any]):
    is_reproduced = serializers.BooleanField()


class MarkInput(serializers.Serializer[Any]):
    turn = id_field()
    verdict = serializers.ChoiceField(Verdict.choices, allow_blank=True, help_text="Empty: take it back.")


class ProbeSessions(Resource):
    """Conversations of campaigns. What was sent and answered is read by itself, and that is recorded."""

    ability = Ability.REGISTER
    queryset = ProbeSession.objects.all()
    serializer_class = SessionOutput
    filterset_class = SessionApiFilter
    sorts: ClassVar[dict[str, Sort]] = {"id": Sort("pk")}
    default_sort = "-id"

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.with_counts(super().get_queryset())

    @extend_schema(request=SessionInput, responses={201: SessionOutput})
    def create(self, request: Request) -> Response:
        """Begin a session with the campaign's configuration, as a tester who takes part."""

        def act() -> Response:
            given = self.read(SessionInput)
            campaign = self._aimed(given)
            policies.may_probe(self.caller, campaign, selectors.tester_of(campaign, self.caller)).require()
            return self._answer(actions.start_session(campaign_id=campaign.pk, actor=self.caller, **given).pk, status=201)

        return self.once(act)

    @extend_schema(request=TranscriptInput, responses={201: SessionOutput})
    @action(detail=False, methods=["post"])
    def transcripts(self, request: Request) -> Response:
        """Keep a conversation that was held elsewhere."""

        def act() -> Response:
            given = self.read(TranscriptInput)
            campaign = self._aimed(given)
            policies.may_report_finding(self.caller, campaign).require()
            if given.get("configuration") is not None:
                given["configuration"] = configuration_of(self, given["configuration"])
            return self._answer(actions.add_transcript(campaign_id=campaign.pk, actor=self.caller, **given).pk, status=201)

        return self.once(act)

    @extend_schema(methods=["get"], responses=TurnOutput(many=True), filters=False)
    @extend_schema(methods=["post"], request=TurnInput, responses=TurnOutput)
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def turns(self, request: Request, pk: str) -> Response:
        """What was sent and answered, which is recorded as read; or send a message and wait for what comes back."""
        held = self.visible()
        if request.method == "GET":
            actions.open_session(session_id=held.pk, part="all", actor=self.caller)
            return Response(TurnOutput(finding_selectors.turns_of(held), many=True).data)
        policies.may_send(self.caller, held).require()
        turn = actions.send_turn(session_id=held.pk, actor=self.caller, **self.read(TurnInput))
        return Response(TurnOutput(actions.deliver_turn(turn_id=turn.pk, actor=self.caller)).data)

    @extend_schema(request=MarkInput, responses=TurnOutput)
    @action(detail=True, methods=["post"])
    def marks(self, request: Request, pk: str) -> Response:
        """Say what came of one attempt."""
        held = self.visible()
        policies.may_end_session(self.caller, held).require()
        given = self.read(MarkInput)
        turn = held.turns.filter(pk=given["turn"]).first()
        if turn is None:
            raise Invalid("This session has no such turn.", field="turn")
        return Response(TurnOutput(actions.mark_turn(turn_id=turn.pk, verdict=given["verdict"], actor=self.caller)).data)

    @extend_schema(request=SessionEnd, responses=SessionOutput)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Close a conversation and say whether something was found."""
        return self._answer(actions.end_session(session_id=self.visible().pk, actor=self.caller, **self.read(SessionEnd)).pk)

    @extend_schema(request=ReplayVerdict, responses=SessionOutput)
    @action(detail=True, methods=["post"])
    def judge(self, request: Request, pk: str) -> Response:
        """Say of a replay whether the finding came again."""
        return self._answer(actions.judge_replay(session_id=self.visible().pk, actor=self.caller, **self.read(ReplayVerdict)).pk)

    def _aimed(self, given: dict[str, Any]) -> Campaign:
        """The campaign of the input, with rows in the place of ids in it."""
        campaign: Campaign = self.find(Campaign.objects.select_related("system__scope"), given.pop("campaign"), "campaign")
        given["harm"] = self.find(Harm.objects, given["harm"], "harm")
        if given.get("objective") is not None:
            given["objective"] = self.find(Objective.objects, given["objective"], "objective")
        return campaign

    def _answer(self, pk: int, *, status: int = 200) -> Response:
        return self.answer(self.get_queryset().get(pk=pk), status=status)
