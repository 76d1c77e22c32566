"""Runs, their outputs, the judging of them by models, and the rows by which workers share the work: leases, attempts, grants.

A run's items are numbered 0 .. planned_count - 1: item i is case position i // repeats, repeat i % repeats. A judging's items are its votes: item i
is vote i % votes on the (i // votes)-th output that it covers, by id. A lease is a stretch of items that one pump works on while it keeps renewing
it; `token` grows each time the lease changes hands, and a writer with an old one changes nothing.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now

from measurements.enums import FailureReason, JudgingState, Outcome, PauseCause, RunSource, RunState, VoteOutcome
from measurements.models.metrics import HIGHEST_SEVERITY, JudgeVersion, MetricVersion
from measurements.models.sets import Case, MeasurementSetVersion
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import AISystem, Configuration, Deployment


class Run(models.Model):
    """A configuration measured on a set version by metrics. `snapshot` is the plan, frozen at start; closed runs never change.

    An imported run holds what another tool got from the system: it has no configuration, is completed from the beginning, and plans as many
    outputs as the file had answers.
    """

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=20, choices=RunSource.choices, default=RunSource.PORTAL)
    source_digest = models.CharField(max_length=64, blank=True)  # SHA-256 of the imported file
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+", null=True)
    set_version = models.ForeignKey(MeasurementSetVersion, on_delete=models.PROTECT, related_name="runs")
    repeats = models.PositiveSmallIntegerField(default=1)
    max_concurrency = models.PositiveIntegerField()  # of this run; the deployment's limit holds over all runs
    error_budget_rate = models.FloatField(default=0.05)  # share of failed and unjudged outputs above which the run is not conclusive
    budget_cost = models.DecimalField(max_digits=14, decimal_places=6, null=True)  # most that it may spend, judging included, in its deployment's currency
    budget_tokens = models.BigIntegerField(null=True)
    state = models.CharField(max_length=20, choices=RunState.choices, default=RunState.PLANNED)
    cause = models.CharField(max_length=30, choices=PauseCause.choices, blank=True)
    cause_detail = models.CharField(max_length=300, blank=True)
    planned_count = models.PositiveIntegerField()
    snapshot = models.JSONField()
    started_at = models.DateTimeField(null=True)
    responsible = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)  # who started or last resumed it: it runs by their right
    finished_at = models.DateTimeField(null=True)  # when the last output was in, or it was cancelled
    judged_at = models.DateTimeField(null=True)  # when the estimates of all its metrics had been worked out
    reported = models.JSONField(
        default=list
    )  # [{"model", "fingerprint", "outputs"}] as the endpoint named itself, most outputs first; filled when it is judged
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "run"
        constraints = [
            models.CheckConstraint(name="run_pause_has_cause", condition=Q(state=RunState.PAUSED, cause__gt="") | (~Q(state=RunState.PAUSED) & Q(cause=""))),
            models.CheckConstraint(name="run_planned_positive", condition=Q(planned_count__gte=1, repeats__gte=1, repeats__lte=100)),
            models.CheckConstraint(name="run_error_budget_range", condition=Q(error_budget_rate__gte=0, error_budget_rate__lte=1)),
            models.CheckConstraint(
                name="run_imported_or_configured",
                condition=Q(source=RunSource.PORTAL, configuration__isnull=False, source_digest="")
                | Q(source=RunSource.IMPORTED, configuration=None, source_digest__gt="", state=RunState.COMPLETED),
            ),
            models.CheckConstraint(
                name="run_budget_positive",
                condition=(Q(budget_cost=None) | Q(budget_cost__gt=0)) & (Q(budget_tokens=None) | Q(budget_tokens__gt=0)),
            ),
            models.UniqueConstraint(name="run_imported_once", fields=["set_version", "source_digest"], condition=Q(source=RunSource.IMPORTED)),
            models.CheckConstraint(name="run_finished_if_closed", condition=Q(state__in=["planned", "running", "paused"]) | Q(finished_at__isnull=False)),
        ]
        indexes = [
            models.Index(F("system"), F("id").desc(), name="run_newest"),
            models.Index(fields=["system", "configuration"], name="run_of_configuration"),
            models.Index(fields=["system", "id"], name="run_completed", condition=Q(state="completed")),
            models.Index(fields=["state"], name="run_open", condition=Q(state__in=["running", "paused"])),
            models.Index(fields=["id"], name="run_without_estimates", condition=Q(state__in=["completed", "cancelled"], judged_at=None)),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        return f"R-{self.pk}"

    @property
    def runs_for_id(self) -> int | None:
        """By whose right it calls, as the engine asks it; None before it is started, and for an imported run."""
        if self.source == RunSource.IMPORTED or self.started_at is None:
            return None
        return self.responsible_id or self.created_by_id

    @property
    def runs_for(self) -> User | None:
        return None if self.runs_for_id is None else self.responsible or self.created_by


class RunMetric(models.Model):
    """A metric version that a run is judged by."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="run_metrics")
    metric_version = models.ForeignKey(MetricVersion, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "run_metric"
        constraints = [models.UniqueConstraint(name="run_metric_once", fields=["run", "metric_version"])]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.metric_version_id}"


FLAGGED_PATH = (  # in content-filter annotations: any verdict of any side that isn't "safe"
    '$.*.* ? (@.filtered == true || @.detected == true || @.severity == "low" || @.severity == "medium" || @.severity == "high")'
)


def has_filter_verdict(path: str) -> Func:
    """Whether an output's content-filter annotations hold what a JSON path of PostgreSQL names."""
    typed = Func(Value(path), template="(%(expressions)s)::jsonpath")
    return Func(F("filters"), typed, function="jsonb_path_exists", output_field=models.BooleanField())


class OutputQuerySet(ScopedQuerySet):
    scope_lookup = "run__system_id"


class Output(models.Model):
    """How one item of a run ended, with everything the provider said. Written once; the first stored answer stands."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="outputs", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    repeat = models.PositiveSmallIntegerField()  # 0 .. repeats - 1
    key = models.CharField(max_length=32)  # hash of configuration digest, case key and repeat: the same item in another run has the same key
    stratum = models.CharField(max_length=120, blank=True)  # the case's, kept here so that lists filter by it at any size
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    reason = models.CharField(max_length=20, choices=FailureReason.choices, blank=True)
    text = models.TextField(blank=True)
    refusal = models.TextField(blank=True)
    finish_reason = models.CharField(max_length=40, blank=True)
    filters = models.JSONField(null=True)  # the provider's content-filter annotations, as they came
    body = models.TextField(blank=True)  # the provider's whole answer, made storable without loss
    status_code = models.PositiveSmallIntegerField(null=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField()
    last_error = models.CharField(max_length=300, blank=True)
    model_reported = models.CharField(max_length=120, blank=True)
    fingerprint = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = OutputQuerySet.as_manager()

    class Meta:
        db_table = "output"
        constraints = [
            models.UniqueConstraint(name="output_once", fields=["run", "case", "repeat"]),
            models.CheckConstraint(name="output_reason_if_failed", condition=Q(outcome="failed", reason__gt="") | (~Q(outcome="failed") & Q(reason=""))),
        ]
        indexes = [
            models.Index(fields=["run", "id"], name="output_of_run"),
            models.Index(fields=["run", "stratum", "id"], name="output_stratum"),
            models.Index(fields=["run", "outcome", "id"], name="output_not_answered", condition=~Q(outcome="answered")),
            models.Index(fields=["run", "id"], name="output_retried", condition=Q(attempts__gt=1)),
            models.Index(fields=["run", "id"], name="output_flagged", condition=Q(has_filter_verdict(FLAGGED_PATH))),
        ]

    def __str__(self) -> str:
        return f"output {self.pk}"

    @property
    def audit_scope_id(self) -> int:
        return self.run.system_id


class JudgingQuerySet(ScopedQuerySet):
    scope_lookup = "run__system_id"


class Judging(models.Model):
    """One pass over a finished run's outputs by one metric version and its judge: those get judged that this judge has not judged yet.

    Rule, content-filter and imported judges need no calls, so their passes complete at once. A model judge is asked `votes` times an output.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="judgings", db_index=False)
    metric_version = models.ForeignKey(MetricVersion, on_delete=models.PROTECT, related_name="+")
    judge_version = models.ForeignKey(JudgeVersion, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()  # within the run, from 1
    is_planned = models.BooleanField()  # by the run's plan, as against one that somebody asked for afterwards
    votes = models.PositiveSmallIntegerField(default=1)
    planned_count = models.PositiveIntegerField(default=0)  # votes to be asked for
    snapshot = models.JSONField(default=dict)  # of a model judge: {"configuration", "deployment"} as in a run's snapshot
    state = models.CharField(max_length=20, choices=JudgingState.choices, default=JudgingState.RUNNING)
    cause = models.CharField(max_length=30, choices=PauseCause.choices, blank=True)
    cause_detail = models.CharField(max_length=300, blank=True)
    reason = models.TextField(blank=True)  # why it was asked for
    responsible = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)  # who asked for it or last resumed it; the run's, if planned
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = JudgingQuerySet.as_manager()

    class Meta:
        db_table = "judging"
        constraints = [
            models.UniqueConstraint(name="judging_number", fields=["run", "number"]),
            models.UniqueConstraint(name="judging_one_open", fields=["run", "metric_version", "judge_version"], condition=Q(state__in=["running", "paused"])),
            models.UniqueConstraint(name="judging_planned_once", fields=["run", "metric_version"], condition=Q(is_planned=True)),
            models.CheckConstraint(
                name="judging_pause_has_cause",
                condition=Q(state=JudgingState.PAUSED, cause__gt="") | (~Q(state=JudgingState.PAUSED) & Q(cause="")),
            ),
            models.CheckConstraint(name="judging_finished_if_closed", condition=Q(state__in=["running", "paused"]) ^ Q(finished_at__isnull=False)),
        ]
        indexes = [models.Index(fields=["id"], name="judging_open", condition=Q(state__in=["running", "paused"]))]

    def __str__(self) -> str:
        return f"{self.run.code} judging {self.number}"

    @property
    def audit_scope_id(self) -> int:
        return self.run.system_id


class VoteQuerySet(ScopedQuerySet):
    scope_lookup = "judging__run__system_id"


class Vote(models.Model):
    """One answer of a model judge about one output. Written once; the first stored one stands."""

    judging = models.ForeignKey(Judging, on_delete=models.PROTECT, related_name="+", db_index=False)
    output = models.ForeignKey(Output, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()  # 0 .. votes - 1
    outcome = models.CharField(max_length=20, choices=VoteOutcome.choices)
    reason = models.CharField(max_length=20, choices=FailureReason.choices, blank=True)  # why it failed
    severity = models.PositiveSmallIntegerField(null=True)
    explanation = models.TextField(blank=True)  # the judge's own reason
    is_contradicted = models.BooleanField(default=False)  # the reason says something else than the severity
    text = models.TextField(blank=True)  # what the judge answered, where it could not be read
    status_code = models.PositiveSmallIntegerField(null=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField()
    last_error = models.CharField(max_length=300, blank=True)
    model_reported = models.CharField(max_length=120, blank=True)
    fingerprint = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = VoteQuerySet.as_manager()

    class Meta:
        db_table = "judge_vote"
        constraints = [
            models.UniqueConstraint(name="vote_once", fields=["judging", "output", "number"]),
            models.CheckConstraint(name="vote_severity_if_judged", condition=Q(outcome=VoteOutcome.JUDGED) ^ Q(severity=None)),
            models.CheckConstraint(name="vote_severity_range", condition=Q(severity=None) | Q(severity__lte=HIGHEST_SEVERITY)),
            models.CheckConstraint(name="vote_reason_if_failed", condition=Q(outcome=VoteOutcome.FAILED) ^ Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"vote {self.number + 1} on output {self.output_id}"


class Lease(models.Model):
    """A stretch of the items of a run or of a judging, and how what was stored under it ended; progress is the sum of these counters.

    Of a judging `answered` counts votes with a severity and `failed` all others.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="leases", db_index=False)
    judging = models.ForeignKey(Judging, on_delete=models.PROTECT, related_name="leases", null=True)
    first_output = models.BigIntegerField(null=True)  # ids of the first and last output that a judging's lease covers
    last_output = models.BigIntegerField(null=True)
    number = models.PositiveIntegerField()
    first_item = models.PositiveIntegerField()
    item_count = models.PositiveIntegerField()
    holder = models.UUIDField(null=True)
    token = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    is_done = models.BooleanField(default=False)
    answered = models.PositiveIntegerField(default=0)
    input_blocked = models.PositiveIntegerField(default=0)
    output_blocked = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    prompt_tokens = models.BigIntegerField(default=0)
    completion_tokens = models.BigIntegerField(default=0)

    class Meta:
        db_table = "lease"
        constraints = [
            models.UniqueConstraint(name="lease_number", fields=["run", "judging", "number"], nulls_distinct=False),
            models.CheckConstraint(
                name="lease_of_judging_has_outputs",
                condition=Q(judging=None, first_output=None, last_output=None)
                | Q(judging__isnull=False, first_output__isnull=False, last_output__isnull=False),
            ),
            models.CheckConstraint(name="lease_held_has_end", condition=Q(holder=None, expires_at=None) | Q(holder__isnull=False, expires_at__isnull=False)),
            models.CheckConstraint(
                name="lease_counts_fit",
                condition=Q(item_count__gte=F("answered") + F("input_blocked") + F("output_blocked") + F("refused") + F("failed")),
            ),
        ]
        indexes = [models.Index(fields=["run", "judging", "number"], name="lease_open", condition=Q(is_done=False))]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.number}"


class Attempt(models.Model):
    """What is remembered of an item that was begun and has no output.

    `count`: how often a pump that began it, after another had died over its lease, died too; three times makes it crashed.
    `calls`: how many calls were made for it by pumps that handed it on in good order.
    `excused`: how many of them failed with an endpoint that failed for everything, and so don't bring it nearer to being given up.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+", db_index=False)
    judging = models.ForeignKey(Judging, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    item = models.PositiveIntegerField()
    count = models.PositiveSmallIntegerField(default=0)
    calls = models.PositiveSmallIntegerField(default=0)
    excused = models.PositiveSmallIntegerField(db_default=0)

    class Meta:
        db_table = "attempt"
        constraints = [models.UniqueConstraint(name="attempt_once", fields=["run", "judging", "item"], nulls_distinct=False)]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.item}: {self.count}"


class Grant(models.Model):
    """How many calls one pump may have in flight on a deployment. Live grants never sum above the deployment's limit.

    Without a run it is a person's single call (`measurements.actions.single_calls`).
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+", null=True)
    judging = models.ForeignKey(Judging, on_delete=models.PROTECT, related_name="+", null=True)
    holder = models.UUIDField(unique=True)
    wanted = models.PositiveIntegerField()
    slots = models.PositiveIntegerField()
    in_flight = models.PositiveIntegerField(default=0)  # as its pump said at its last tick
    resumes_at = models.DateTimeField(null=True)  # the endpoint asked this pump to make no call before then; all pumps heed it
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "endpoint_grant"

    def __str__(self) -> str:
        return f"{self.slots} of {self.deployment_id}"


class Circuit(models.Model):
    """What the pumps together know of an endpoint that fails. Changed only under a lock on the deployment's row; no row: it works.

    While the circuit is open nobody calls; at `probe_at` one pump (`prober`) makes one call. An answer deletes the row, another failure
    opens it for longer.
    """

    deployment = models.OneToOneField(Deployment, on_delete=models.PROTECT, related_name="+", primary_key=True)
    opened_at = models.DateTimeField()  # when it first opened, and has not worked since
    probe_at = models.DateTimeField()
    probes = models.PositiveIntegerField(default=0)  # calls made to see whether it works again
    prober = models.UUIDField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "endpoint_circuit"

    def __str__(self) -> str:
        return f"circuit of deployment {self.deployment_id}"
