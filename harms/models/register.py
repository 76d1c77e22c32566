"""Harms, in their intended uses, and the statements of their risk."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Concat, Lower, Now, Upper

from harms.enums import HarmState, Origin, RiskPointKind, Treatment
from harms.models.reference import HIGHEST_LEVEL, HIGHEST_SCORE, NO_SCORE, HarmCategory, RiskScale
from raiportal.accounts.models import ScopedQuerySet, User
from raiportal.work.text import document
from systems.models import AISystem, IntendedUse

SEARCHED_TEXT = document("title", ("description",))  # what the portal's search looks in


def _rank(score: str) -> models.GeneratedField:
    """A score for sorting: never null, 0 where there is none."""
    column = models.PositiveSmallIntegerField()
    return models.GeneratedField(expression=Coalesce(score, NO_SCORE), output_field=column, db_persist=True)


def _levels_fit(name: str) -> models.CheckConstraint:
    """A priority is the product of its two levels, or there is none of the three."""
    nothing = Q(priority=NO_SCORE, severity=None, frequency=None)
    return models.CheckConstraint(name=name, condition=nothing | Q(severity__isnull=False, frequency__isnull=False, priority=F("severity") * F("frequency")))


class Scored(models.Model):
    """The current four scores, kept for sorting, and the one that ranks. `severity` and `frequency` are those of the score that ranks."""

    inherent_score = models.PositiveSmallIntegerField(null=True)
    measured_score = models.PositiveSmallIntegerField(null=True)
    residual_score = models.PositiveSmallIntegerField(null=True)
    observed_score = models.PositiveSmallIntegerField(null=True)
    priority = models.PositiveSmallIntegerField(default=NO_SCORE)  # the score that ranks it, see harms.scoring
    severity = models.PositiveSmallIntegerField(null=True)
    frequency = models.PositiveSmallIntegerField(null=True)
    inherent_severity = models.PositiveSmallIntegerField(null=True)
    inherent_frequency = models.PositiveSmallIntegerField(null=True)
    measured_severity = models.PositiveSmallIntegerField(null=True)
    measured_frequency = models.PositiveSmallIntegerField(null=True)
    residual_severity = models.PositiveSmallIntegerField(null=True)
    residual_frequency = models.PositiveSmallIntegerField(null=True)
    observed_severity = models.PositiveSmallIntegerField(null=True)
    observed_frequency = models.PositiveSmallIntegerField(null=True)
    inherent_rank = _rank("inherent_score")
    measured_rank = _rank("measured_score")
    residual_rank = _rank("residual_score")
    observed_rank = _rank("observed_score")

    class Meta:
        abstract = True


class HarmQuerySet(ScopedQuerySet):
    def on_register(self) -> HarmQuerySet:
        """Those that weren't merged into another."""
        return self.filter(merged_into=None)  # type: ignore[no-any-return]


class Harm(Scored):
    """Something bad that a system can do, to whom, and how bad and how often.

    Each of its scores is the worst of those given for the harm as a whole and for its intended uses.
    """

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    category = models.ForeignKey(HarmCategory, on_delete=models.PROTECT, related_name="harms", db_index=False)
    origin = models.CharField(max_length=20, choices=Origin.choices)
    state = models.CharField(max_length=20, choices=HarmState.choices, default=HarmState.PROPOSED)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    library_entry = models.SlugField(max_length=80, blank=True, db_index=False)  # the entry of the harm library that it was proposed from
    model_name = models.CharField(max_length=120, blank=True)  # the model whose harm it is, where the same harm of another model is assessed apart
    treatment = models.CharField(max_length=10, choices=Treatment.choices, blank=True)
    treatment_words = models.TextField(max_length=4_000, blank=True)  # what is done, or why what remains is borne
    treatment_owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    treatment_due_on = models.DateField(null=True)
    review_on = models.DateField(null=True)  # when it is looked at again at the latest
    accepted_until = models.DateTimeField(null=True)
    state_before = models.CharField(max_length=20, choices=HarmState.choices, blank=True)  # what an acceptance goes back to when it ends
    resolved_at = models.DateTimeField(null=True)
    reopened_count = models.PositiveIntegerField(default=0)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, related_name="merged_here", null=True)
    title_key = models.GeneratedField(expression=Lower("title"), output_field=models.TextField(), db_persist=True)  # for sorting
    words = models.GeneratedField(  # for searching
        expression=Upper(Concat(F("title"), Value(" "), F("description"), output_field=models.TextField())), output_field=models.TextField(), db_persist=True
    )
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = HarmQuerySet.as_manager()

    class Meta:
        db_table = "harm"
        constraints = [
            models.CheckConstraint(name="harm_priority_range", condition=Q(priority__lte=HIGHEST_SCORE)),
            _levels_fit("harm_priority_is_its_levels"),
            models.CheckConstraint(
                name="harm_accepted_until_an_end",
                condition=Q(state=HarmState.ACCEPTED, accepted_until__isnull=False) & ~Q(state_before="")
                | ~Q(state=HarmState.ACCEPTED) & Q(accepted_until=None, state_before=""),
            ),
            models.CheckConstraint(
                name="harm_resolved_at_a_moment",
                condition=Q(state=HarmState.RESOLVED, resolved_at__isnull=False) | ~Q(state=HarmState.RESOLVED) & Q(resolved_at=None),
            ),
            models.CheckConstraint(
                name="harm_merged_into_another",
                condition=Q(state=HarmState.MERGED, merged_into__isnull=False) & ~Q(merged_into=F("id")) | ~Q(state=HarmState.MERGED) & Q(merged_into=None),
            ),
            models.CheckConstraint(
                name="harm_treatment_has_words",
                condition=Q(treatment="", treatment_words="", treatment_owner=None, treatment_due_on=None) | ~Q(treatment="") & ~Q(treatment_words=""),
            ),
        ]
        indexes = [
            GinIndex(SEARCHED_TEXT, name="harm_search"),
            models.Index(F("priority").desc(), F("id").desc(), name="harm_by_priority", condition=Q(merged_into=None)),
            models.Index(F("system"), F("priority").desc(), F("id").desc(), name="harm_of_system_by_priority", condition=Q(merged_into=None)),
            models.Index(F("system"), F("inherent_rank").desc(), F("id").desc(), name="harm_of_system_by_inherent"),
            models.Index(F("system"), F("measured_rank").desc(), F("id").desc(), name="harm_of_system_by_measured"),
            models.Index(F("system"), F("residual_rank").desc(), F("id").desc(), name="harm_of_system_by_residual"),
            models.Index(F("system"), F("observed_rank").desc(), F("id").desc(), name="harm_of_system_by_observed"),
            models.Index(F("title_key"), F("id"), name="harm_by_title"),
            models.Index(F("system"), F("title_key"), F("id"), name="harm_of_system_by_title"),
            *(models.Index(F(f"{kind}_rank").desc(), F("id").desc(), name=f"harm_by_{kind}") for kind in RiskPointKind.values),
            models.Index(F("created_at"), F("id"), name="harm_by_created"),
            models.Index(F("updated_at"), F("id"), name="harm_by_changed"),
            models.Index(F("system"), F("created_at"), F("id"), name="harm_of_system_by_created"),
            models.Index(F("system"), F("updated_at"), F("id"), name="harm_of_system_by_changed"),
            # What the heat-map and the saved views count, so that counting up to a limit reads no more rows than that limit.
            models.Index(F("severity"), F("frequency"), F("system"), name="harm_by_levels", condition=Q(merged_into=None)),
            # With the id, so that an order by one of them reads no rows.
            models.Index(F("state"), F("system"), F("id"), name="harm_by_state", condition=Q(merged_into=None)),
            models.Index(F("owner"), F("system"), F("id"), name="harm_by_owner", condition=Q(merged_into=None)),
            models.Index(F("category"), F("system"), F("id"), name="harm_by_category", condition=Q(merged_into=None)),
            models.Index(F("origin"), F("system"), F("id"), name="harm_by_origin", condition=Q(merged_into=None)),
            models.Index(F("system"), F("priority"), name="harm_unowned", condition=Q(owner=None, merged_into=None)),
            models.Index(F("system"), name="harm_unmeasured", condition=Q(measured_score=None, merged_into=None)),
            models.Index(F("system"), F("review_on"), name="harm_by_review", condition=Q(review_on__isnull=False)),
            GinIndex(name="harm_by_words", fields=["words"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def code(self) -> str:
        return f"H-{self.pk:02d}"


class HarmUseQuerySet(ScopedQuerySet):
    scope_lookup = "harm__system_id"


class HarmUse(Scored):
    """A harm in one intended use of its system, with the scores given for that use; the ranked list of a use is made of these."""

    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="uses", db_index=False)
    intended_use = models.ForeignKey(IntendedUse, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = HarmUseQuerySet.as_manager()

    class Meta:
        db_table = "harm_use"
        constraints = [
            models.UniqueConstraint(name="harm_use_once", fields=["harm", "intended_use"]),
            models.CheckConstraint(name="harm_use_priority_range", condition=Q(priority__lte=HIGHEST_SCORE)),
            _levels_fit("harm_use_priority_is_its_levels"),
        ]
        indexes = [
            models.Index(F("intended_use"), F("priority").desc(), F("id").desc(), name="harm_use_by_priority"),
            models.Index(F("intended_use"), F("severity"), F("frequency"), name="harm_use_by_levels"),
        ]

    def __str__(self) -> str:
        return f"{self.harm_id} in {self.intended_use_id}"

    @property
    def audit_scope_id(self) -> int:
        return self.harm.system_id


class RiskPoint(models.Model):
    """One statement of a harm's risk, with everything it was worked out from. Append-only: the newest of each kind holds."""

    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="risk_points")
    intended_use = models.ForeignKey(IntendedUse, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)  # null: the harm as a whole
    kind = models.CharField(max_length=10, choices=RiskPointKind.choices)
    scale = models.ForeignKey(RiskScale, on_delete=models.PROTECT, related_name="+")
    severity = models.PositiveSmallIntegerField()
    frequency = models.PositiveSmallIntegerField()
    score = models.PositiveSmallIntegerField()
    rationale = models.TextField(blank=True)
    source_kind = models.CharField(max_length=60, blank=True, default="", db_default="")  # a kind of `point_sources`: what it was worked out from
    source_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "risk_point"
        constraints = [
            models.CheckConstraint(
                name="risk_point_names_its_source", condition=Q(source_kind="", source_id=None) | ~Q(source_kind="") & Q(source_id__isnull=False)
            ),
            models.CheckConstraint(name="risk_point_levels", condition=Q(severity__range=(1, HIGHEST_LEVEL), frequency__range=(1, HIGHEST_LEVEL))),
            models.CheckConstraint(name="risk_point_score", condition=Q(score=F("severity") * F("frequency"))),
        ]
        indexes = [models.Index(F("harm"), F("id").desc(), name="risk_point_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.score}"
