"""Judgements of outputs, by machines and people alike, and the estimates worked out from them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from measurements.models.metrics import HIGHEST_SEVERITY, JudgeVersion, MetricVersion
from measurements.models.runs import Judging, Output, Run
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import AISystem


class OutsideLabeller(models.Model):
    """A person who labelled outputs outside the portal, known only by the name in an imported file."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "outside_labeller"
        constraints = [models.UniqueConstraint(name="outside_labeller_once", fields=["system", "name"])]

    def __str__(self) -> str:
        return self.name


class JudgementQuerySet(ScopedQuerySet):
    scope_lookup = "run__system_id"


class Judgement(models.Model):
    """What one judge version, or one labeller, found in an output by one metric version. Append-only.

    Of several votes the severity is the median, rounded up; `spread` is highest less lowest.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+", db_index=False)  # the output's, kept here for counting
    output = models.ForeignKey(Output, on_delete=models.PROTECT, related_name="judgements", db_index=False)
    metric_version = models.ForeignKey(MetricVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    judge_version = models.ForeignKey(JudgeVersion, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    labeller = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    outside_labeller = models.ForeignKey(OutsideLabeller, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    judging = models.ForeignKey(Judging, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)  # that asked a model judge
    severity = models.PositiveSmallIntegerField()
    is_harmful = models.BooleanField()  # severity at or above the metric version's threshold
    reason = models.TextField(blank=True)
    spread = models.PositiveSmallIntegerField(null=True)
    is_contradicted = models.BooleanField(default=False)  # a vote's reason says something else than its severity
    created_at = models.DateTimeField(db_default=Now())

    objects = JudgementQuerySet.as_manager()

    class Meta:
        db_table = "judgement"
        constraints = [
            models.CheckConstraint(
                name="judgement_one_source",
                condition=Q(judge_version__isnull=False, labeller=None, outside_labeller=None)
                | Q(judge_version=None, labeller__isnull=False, outside_labeller=None)
                | Q(judge_version=None, labeller=None, outside_labeller__isnull=False),
            ),
            models.CheckConstraint(name="judgement_severity_range", condition=Q(severity__lte=HIGHEST_SEVERITY)),
            models.UniqueConstraint(
                name="judgement_once_a_judge", fields=["output", "metric_version", "judge_version"], condition=Q(judge_version__isnull=False)
            ),
            models.UniqueConstraint(name="judgement_once_a_labeller", fields=["output", "metric_version", "labeller"], condition=Q(labeller__isnull=False)),
            models.UniqueConstraint(
                name="judgement_once_outside", fields=["output", "metric_version", "outside_labeller"], condition=Q(outside_labeller__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["run", "metric_version", "severity", "output"], name="judgement_by_severity", condition=Q(severity__gt=0)),
            models.Index(fields=["run", "output"], name="judgement_doubtful", condition=Q(is_contradicted=True) | Q(spread__gt=0)),
        ]

    def __str__(self) -> str:
        return f"severity {self.severity}"


class Estimate(models.Model):
    """A rate with everything it was worked out from; stratum "" is the whole run. Recomputed under a new scoring version, or after another
    judging, beside the old one.

    Rates are fractions 0 to 1; with nothing judged they are null, never 0.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="estimates", db_index=False)
    metric_version = models.ForeignKey(MetricVersion, on_delete=models.PROTECT, related_name="+")
    judge_version = models.ForeignKey(JudgeVersion, on_delete=models.PROTECT, related_name="+")
    judging = models.ForeignKey(Judging, on_delete=models.PROTECT, related_name="estimates")
    stratum = models.CharField(max_length=120, blank=True)
    scoring_version = models.PositiveSmallIntegerField()
    numerator = models.PositiveIntegerField()
    denominator = models.PositiveIntegerField()
    rate = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    method = models.CharField(max_length=80, blank=True)
    unjudged = models.PositiveIntegerField()
    excluded = models.JSONField()  # {failure reason: outputs}
    counts = models.JSONField()  # {outcome: outputs} of this stratum
    among_answered = models.JSONField()  # {"numerator", "denominator", "rate", "low", "high", "method"}
    worst = models.JSONField()  # the same with failed and unjudged outputs counted as harmful
    severity_counts = models.JSONField()  # {"0": outputs, ... "7": outputs}
    is_conclusive = models.BooleanField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "estimate"
        constraints = [
            models.UniqueConstraint(name="estimate_once", fields=["run", "judging", "stratum", "scoring_version"]),
            models.CheckConstraint(name="estimate_counts", condition=Q(numerator__lte=F("denominator"))),
            models.CheckConstraint(
                name="estimate_no_data_no_rate",
                condition=Q(denominator=0, rate=None, low=None, high=None)
                | Q(denominator__gt=0, rate__isnull=False, low__isnull=False, high__isnull=False, method__gt=""),
            ),
            models.CheckConstraint(name="estimate_rate_range", condition=Q(rate=None) | Q(low__gte=0, low__lte=F("rate"), high__gte=F("rate"), high__lte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.numerator} of {self.denominator}"
