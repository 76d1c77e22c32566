"""Runs."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from measurements.actions import budgets, run_start
from measurements.actions import runs as actions
from measurements.actions.measured_risk import state_measured_risk
from measurements.api import comparisons, stress
from measurements.api.measured_risk import MeasuredRiskInput, MeasuredRiskOutput
from measurements.enums import PauseCause, RunSource, RunState
from measurements.filters import RunFilter
from measurements.models import MeasurementSetVersion, Metric, MetricVersion, Run
from measurements.selectors import estimates as estimate_selectors
from measurements.selectors import metrics as metric_selectors
from measurements.selectors import runs as selectors
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from systems.models import Configuration, IntendedUse

LARGEST_ID = 2**63 - 1
MOST_METRICS = 100
NO_REASON = "Cancelled by a program that gave no reason."
SET_VERSION = "measurement_set_version"  # a field of the API; actions call it set_version


# --- What goes in ---
def _budget_cost(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=6, required=False, allow_null=True, default=None, **options)


def _budget_tokens(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=budgets.MOST_TOKENS, required=False, allow_null=True, default=None, **options)


class RunInput(serializers.Serializer[Any]):
    configuration = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    measurement_set_version = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    metrics = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        allow_empty=False,
        max_length=MOST_METRICS,
        help_text="Ids of metrics; the newest version of each is taken.",
    )
    repeats = serializers.IntegerField(min_value=1, max_value=actions.MOST_REPEATS, default=1, help_text="Calls for each case.")
    max_concurrency = serializers.IntegerField(min_value=1, max_value=1000, required=False, allow_null=True, help_text="The deployment's limit when left out.")
    budget_cost = _budget_cost(help_text="Most that it may spend, judging included, in the deployment's currency; no limit when left out.")
    budget_tokens = _budget_tokens(help_text="Most tokens that it may use, judging included; no limit when left out.")
    start = serializers.BooleanField(default=False, help_text="Start at once.")


class BudgetInput(serializers.Serializer[Any]):
    """Above what is spent already; a limit that is left out is taken away."""

    budget_cost = _budget_cost()
    budget_tokens = _budget_tokens()
    reason = serializers.CharField(max_length=2000, help_text="Kept in the run's history.")


class OptionalReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class CancelReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, default=NO_REASON, help_text="Kept in the run's history.")


class NoInput(serializers.Serializer[Any]):
    """Nothing."""


# --- What comes out ---
class RunCounts(serializers.Serializer[Any]):
    planned = serializers.IntegerField()
    answered = serializers.IntegerField()
    input_blocked = serializers.IntegerField()
    output_blocked = serializers.IntegerField()
    refused = serializers.IntegerField()
    failed = serializers.IntegerField()
    pending = serializers.IntegerField()


class AmongAnswered(serializers.Serializer[Any]):
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    method = serializers.CharField()


class RunEstimate(serializers.Serializer[Any]):
    metric = serializers.IntegerField(help_text="Id of the metric.")
    metric_version = serializers.IntegerField()
    metric_name = serializers.CharField()
    stratum = serializers.CharField(help_text="Empty: the whole run.")
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField(help_text="Outputs that ended other than failed, less the unjudged.")
    rate = serializers.FloatField(allow_null=True, help_text="0 to 1; null when nothing was judged.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    method = serializers.CharField(help_text="How low and high were worked out.")
    unjudged = serializers.IntegerField()
    excluded = serializers.DictField(child=serializers.IntegerField(), help_text="Failed outputs by reason.")
    among_answered = AmongAnswered()
    worst_high = serializers.FloatField(allow_null=True, help_text="Upper bound if every failed or unjudged output were harmful.")
    severity_counts = serializers.DictField(child=serializers.IntegerField(), help_text="Outputs by severity.")
    judge_version = serializers.IntegerField()
    judging = serializers.IntegerField(help_text="Id of the judging that it comes from, the newest by this metric.")
    checked_against_people = serializers.BooleanField()
    is_conclusive = serializers.BooleanField()


class RunReported(serializers.Serializer[Any]):
    model = serializers.CharField()
    fingerprint = serializers.CharField()
    outputs = serializers.IntegerField()


class RunOutput(serializers.Serializer[Any]):
    """A run with what it found so far."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    system = serializers.IntegerField()
    configuration = serializers.IntegerField(allow_null=True, help_text="Null for an imported run.")
    measurement_set_version = serializers.IntegerField()
    metrics = serializers.ListField(child=serializers.IntegerField())
    repeats = serializers.IntegerField()
    max_concurrency = serializers.IntegerField()
    budget_cost = serializers.FloatField(allow_null=True)
    budget_tokens = serializers.IntegerField(allow_null=True)
    source = serializers.ChoiceField(RunSource.choices)  # type: ignore[assignment]  # our field hides the name of an attribute that is unset here
    imported = serializers.JSONField(allow_null=True, help_text="Of an imported run: tool, version, file and what of it had no place.")
    reported = RunReported(many=True, help_text="As the endpoint named itself; filled when the run is judged.")
    state = serializers.ChoiceField(RunState.choices)
    cause = serializers.ChoiceField(PauseCause.choices, allow_null=True, help_text="Why it is paused.")
    cause_detail = serializers.CharField()
    responsible = serializers.IntegerField(
        allow_null=True, help_text="Id of the user by whose right it calls: who started or last resumed it. Null before it is started, and for an imported run."
    )
    counts = RunCounts()
    estimates = RunEstimate(many=True)
    has_gaps = serializers.BooleanField(help_text="Closed, with outputs that failed or weren't judged.")
    cost = serializers.FloatField(allow_null=True, help_text="In `currency`, by the prices when it was planned; null where a price isn't known.")
    currency = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    judged_at = serializers.DateTimeField(allow_null=True)


class RunRows(serializers.ListSerializer[Any]):
    """Reads counters and estimates of a whole page at once."""

    def to_representation(self, data: Any) -> Any:
        runs = list(data)
        counts, estimates = selectors.counts_of(runs), estimate_selectors.estimates_by_run(runs)
        return [RunOutput(selectors.as_plain(run, counts[run.pk], estimates[run.pk])).data for run in runs]


class RunPageOutput(RunOutput):
    """How `Runs` turns rows into answers; described as `RunOutput`."""

    class Meta:
        list_serializer_class = RunRows

    def to_representation(self, instance: Any) -> Any:
        counts, estimates = selectors.counts_of([instance]), estimate_selectors.estimates_by_run([instance])
        return super().to_representation(selectors.as_plain(instance, counts[instance.pk], estimates[instance.pk]))


class Runs(Resource):
    """Measurements of a configuration on the cases of a set version."""

    ability = Ability.MEASURE
    queryset = Run.objects.all()
    serializer_class = RunPageOutput
    filterset_class = RunFilter
    sorts: ClassVar[dict[str, Sort]] = {"id": Sort("pk")}
    default_sort = "-id"

    @extend_schema(request=RunInput, responses={201: RunPageOutput})
    def create(self, request: Request) -> Response:
        """Plan a run, and start it at once if asked to."""
        return self.once(self._create)

    @extend_schema(request=NoInput, responses=RunPageOutput)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Begin calling."""
        return self._move(NoInput, actions.start_run)

    @extend_schema(request=OptionalReason, responses=RunPageOutput)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop calling for now; what is in flight still ends."""
        return self._move(OptionalReason, actions.pause_run)

    @extend_schema(request=NoInput, responses=RunPageOutput)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on with what has no output yet."""
        return self._move(NoInput, actions.resume_run)

    @extend_schema(request=CancelReason, responses=RunPageOutput)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End the run for good; what has no output counts as failed (cancelled)."""
        return self._move(CancelReason, actions.cancel_run)

    @extend_schema(parameters=[OpenApiParameter("with", int, required=True, description="Id of the second run.")], responses=comparisons.RunComparison)
    @action(detail=True, methods=["get"])
    def comparison(self, request: Request, pk: str) -> Response:
        """This run and a second one on the same set version, output by output."""
        first = self.visible()
        self.refuse_unknown_parameters(request, {"with"})
        asked = request.query_params.get("with", "")
        second = Run.objects.visible_to(self.caller).filter(pk=int(asked)).first() if _is_id(asked) else None
        if second is None:
            raise Invalid("Name the second run, one that you may see.", field="with")
        return Response(comparisons.RunComparison(comparisons.comparison(first, second)).data)

    @extend_schema(responses=stress.RunStress)
    @action(detail=True, methods=["get"])
    def stress(self, request: Request, pk: str) -> Response:
        """Of a run on a transformed set: each transform against the same cases untransformed."""
        return Response(stress.RunStress(stress.stress(self.visible())).data)

    @extend_schema(request=MeasuredRiskInput, responses={201: MeasuredRiskOutput})
    @action(detail=True, methods=["post"], url_path="measured-risk")
    def measured_risk(self, request: Request, pk: str) -> Response:
        """State the measured risk of the harm that one of the run's metrics measures."""

        def act() -> Response:
            run, given = self.visible(), self.read(MeasuredRiskInput)
            metric = given.pop("metric")
            taken = next((row for row in estimate_selectors.estimates_of(run) if row.metric_version.metric_id == metric and not row.stratum), None)
            if taken is None:
                raise Invalid("This run has no estimate by this metric.", field="metric")
            given["intended_use"] = self.find(IntendedUse.objects.filter(system=run.system_id), given.get("intended_use"), "intended_use")
            return Response(MeasuredRiskOutput(state_measured_risk(estimate_id=taken.pk, actor=self.caller, **given)).data, status=201)

        return self.once(act)

    @extend_schema(request=BudgetInput, responses=RunPageOutput)
    @action(detail=True, methods=["post"])
    def budget(self, request: Request, pk: str) -> Response:
        """Change what the run may spend, judging included; a paused run still has to be resumed."""
        return self._move(BudgetInput, actions.change_budget)

    def _move(self, serializer_class: type[serializers.Serializer[Any]], act: Any) -> Response:
        run = self.visible()
        return self.once(lambda: self.answer(act(run_id=run.pk, **self.read(serializer_class), actor=self.request.user)))

    def _create(self) -> Response:
        data = self.read(RunInput)
        set_version = self.find(MeasurementSetVersion.objects.select_related("measurement_set__system"), data[SET_VERSION], SET_VERSION)
        try:
            return self.answer(self._add(data, set_version), status=201)
        except Invalid as error:
            raise Invalid(error.detail, field=SET_VERSION if error.field == "set_version" else error.field, code=error.code) from error

    def _add(self, data: dict[str, Any], set_version: MeasurementSetVersion) -> Run:
        return run_start.plan_and_start_run(
            configuration=self._configuration(data["configuration"]),
            set_version=set_version,
            metric_versions=self._metric_versions(data["metrics"]),
            repeats=data["repeats"],
            max_concurrency=data.get("max_concurrency"),
            budget_cost=data["budget_cost"],
            budget_tokens=data["budget_tokens"],
            start=data["start"],
            actor=self.request.user,  # type: ignore[arg-type]  # signed in, or there would be no answer
        )

    def _configuration(self, pk: int) -> Configuration:
        """One of the systems that the caller sees, or of the organisation, which every system may measure with."""
        shared = Configuration.objects.filter(pk=pk, system=None).select_related("deployment").first()
        return shared or self.find(Configuration.objects.select_related("deployment"), pk, "configuration")  # type: ignore[no-any-return]

    def _metric_versions(self, ids: list[int]) -> list[MetricVersion]:
        visible = Metric.objects.visible_to(self.request.user).filter(pk__in=ids)
        found = {metric.pk: metric for metric in visible}
        if set(ids) - set(found):
            raise Invalid("There is none with this id that you may use.", field="metrics")
        return [metric_selectors.newest_version(found[pk]) for pk in dict.fromkeys(ids)]


def _is_id(asked: str) -> bool:
    return asked.isascii() and asked.isdigit() and len(asked) < 19
