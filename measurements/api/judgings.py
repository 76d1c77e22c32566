"""Judgings: passes over a run's outputs by one metric each."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from measurements.actions import judgings as actions
from measurements.api.runs import CancelReason, NoInput, OptionalReason
from measurements.enums import JudgeKind, JudgingState, PauseCause
from measurements.filters import LARGEST_ID, JudgingFilter
from measurements.models import Judging, Metric, Run
from measurements.selectors import judgings as selectors
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.keyset import Sort


# --- What goes in ---
class JudgingInput(serializers.Serializer[Any]):
    run = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    metric = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, help_text="Its newest version is taken.")
    reason = serializers.CharField(max_length=2000, help_text="Why the run is judged again; kept in its history.")


# --- What comes out ---
class VoteCounts(serializers.Serializer[Any]):
    planned = serializers.IntegerField(help_text="Votes that a model judge is asked for; 0 with judges that need no calls.")
    judged = serializers.IntegerField(help_text="Votes with a severity.")
    other = serializers.IntegerField(help_text="Votes without one: unparseable, refused, blocked or failed.")
    pending = serializers.IntegerField()


class JudgingOutput(serializers.Serializer[Any]):
    """A judging, and how far it is."""

    id = serializers.IntegerField()
    run = serializers.IntegerField()
    number = serializers.IntegerField(help_text="Counted from 1 within the run.")
    metric = serializers.IntegerField()
    metric_version = serializers.IntegerField()
    metric_name = serializers.CharField()
    judge_version = serializers.IntegerField()
    judge = serializers.ChoiceField(JudgeKind.choices)
    is_planned = serializers.BooleanField(help_text="By the run's plan, as against one that was asked for afterwards.")
    votes = serializers.IntegerField(help_text="Asked for about each answer.")
    state = serializers.ChoiceField(JudgingState.choices)
    cause = serializers.ChoiceField(PauseCause.choices, allow_null=True, help_text="Why it is paused.")
    cause_detail = serializers.CharField()
    reason = serializers.CharField()
    counts = VoteCounts()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost = serializers.FloatField(allow_null=True, help_text="In `currency`, by the prices when it began; null where a price isn't known.")
    currency = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class JudgingRows(serializers.ListSerializer[Any]):
    """Reads the counters of a whole page at once."""

    def to_representation(self, data: Any) -> Any:
        judgings = list(data)
        counts = selectors.votes_by_judging(judgings)
        return [JudgingOutput(selectors.as_plain(judging, counts[judging.pk])).data for judging in judgings]


class JudgingPageOutput(JudgingOutput):
    """How `Judgings` turns rows into answers; described as `JudgingOutput`."""

    class Meta:
        list_serializer_class = JudgingRows

    def to_representation(self, instance: Any) -> Any:
        return super().to_representation(selectors.as_plain(instance, selectors.votes_by_judging([instance])[instance.pk]))


class Judgings(Resource):
    """Passes over the outputs of a finished run, each by one metric and its judge."""

    ability = Ability.MEASURE
    queryset = Judging.objects.select_related("metric_version__metric", "judge_version__judge")
    serializer_class = JudgingPageOutput
    filterset_class = JudgingFilter
    sorts: ClassVar[dict[str, Sort]] = {"id": Sort("pk")}
    default_sort = "-id"

    @extend_schema(request=JudgingInput, responses={201: JudgingPageOutput})
    def create(self, request: Request) -> Response:
        """Have a completed run judged by a metric: every answer that its judge has not judged by it yet."""
        return self.once(self._create)

    @extend_schema(request=OptionalReason, responses=JudgingPageOutput)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop asking the judge for now; what is in flight still ends."""
        return self._move(OptionalReason, actions.pause_judging)

    @extend_schema(request=NoInput, responses=JudgingPageOutput)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on with the votes that are missing."""
        return self._move(NoInput, actions.resume_judging)

    @extend_schema(request=CancelReason, responses=JudgingPageOutput)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End the judging for good; nothing is judged by the votes that are in."""
        return self._move(CancelReason, actions.cancel_judging)

    def _create(self) -> Response:
        data = self.read(JudgingInput)
        run = self.find(Run.objects.all(), data["run"], "run")
        metric = self.find(Metric.objects.all(), data["metric"], "metric")
        return self.answer(actions.judge_again(run_id=run.pk, metric=metric, reason=data["reason"], actor=self.caller), status=201)

    def _move(self, serializer_class: type[serializers.Serializer[Any]], act: Any) -> Response:
        judging = self.visible()
        return self.once(lambda: self.answer(act(judging_id=judging.pk, **self.read(serializer_class), actor=self.caller)))
