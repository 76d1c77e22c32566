"""Rounds in which several people rate harms, each without seeing the others; what was agreed afterwards; and how much risk is borne without more ado."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from harms.enums import Confidence, RoundState
from harms.models.baselines import Baseline
from harms.models.reference import HIGHEST_LEVEL, HIGHEST_SCORE, HarmCategory, RiskScale
from harms.models.register import Harm, RiskPoint
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import AISystem, IntendedUse

LONGEST_RATIONALE = 4_000  # characters


class RatingRound(models.Model):
    """Harms of one system, rated by several people by a date, in one intended use or as a whole (`intended_use` null). Blind until it is closed."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    message = models.TextField(max_length=2_000, blank=True)  # what raters should bear in mind
    intended_use = models.ForeignKey(IntendedUse, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    scale = models.ForeignKey(RiskScale, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=10, choices=RoundState.choices, default=RoundState.OPEN)
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField(db_default=Now())
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    close_reason = models.TextField(max_length=2_000, blank=True)  # of a round that was closed early, or before everybody had answered

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "rating_round"
        constraints = [
            models.UniqueConstraint(name="rating_round_number", fields=["system", "number"]),
            models.CheckConstraint(
                name="rating_round_closed_by_somebody",
                condition=Q(state=RoundState.OPEN, closed_at=None, closed_by=None, close_reason="")
                | Q(state=RoundState.CLOSED, closed_at__isnull=False, closed_by__isnull=False),
            ),
        ]
        indexes = [models.Index(F("due_at"), name="rating_round_due", condition=Q(state=RoundState.OPEN))]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def code(self) -> str:
        return f"RR-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.state == RoundState.OPEN


class RoundHarmQuerySet(models.QuerySet[Any]):
    def rated(self) -> Any:
        """Those that are rated: a harm that was merged while its round was open gave its place in it to the other."""
        return self.exclude(Exists(RoundHarm.objects.filter(round=OuterRef("round"), harm=OuterRef("harm__merged_into"))))


class RoundHarm(models.Model):
    """One harm that is rated in a round. Written with the round, or when a harm of it is merged into this one."""

    round = models.ForeignKey(RatingRound, on_delete=models.PROTECT, related_name="harms", db_index=False)
    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="+")

    objects = RoundHarmQuerySet.as_manager()

    class Meta:
        db_table = "rating_round_harm"
        constraints = [models.UniqueConstraint(name="rating_round_harm_once", fields=["round", "harm"])]

    def __str__(self) -> str:
        return f"{self.harm_id} in {self.round_id}"


class RaterQuerySet(ScopedQuerySet):
    scope_lookup = "round__system_id"


class Rater(models.Model):
    """Somebody who rates in a round: a person of the portal, or somebody outside who has a link that works once.

    Of the link only the SHA-256 is kept. `sent_at` is when somebody outside sent their ratings; until then theirs are drafts.
    """

    round = models.ForeignKey(RatingRound, on_delete=models.PROTECT, related_name="raters", db_index=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=120, blank=True)
    organisation = models.CharField(max_length=160, blank=True)
    email = models.EmailField(blank=True)
    digest = models.CharField(max_length=64, unique=True, null=True)
    expires_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(db_default=Now())
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    audit_hidden = ("name", "organisation", "email", "digest")
    objects = RaterQuerySet.as_manager()

    class Meta:
        db_table = "rater"
        constraints = [
            models.UniqueConstraint(name="rater_once", fields=["round", "person"], condition=Q(person__isnull=False)),
            models.CheckConstraint(
                name="rater_inside_or_outside",
                condition=Q(person__isnull=False, name="", organisation="", email="", digest=None, expires_at=None, sent_at=None, revoked_at=None)
                | Q(person=None, digest__isnull=False, expires_at__isnull=False) & ~Q(name=""),
            ),
            models.CheckConstraint(name="rater_sent_or_revoked", condition=Q(sent_at=None) | Q(revoked_at=None)),
        ]

    def __str__(self) -> str:
        return f"Rater {self.pk}" + ("" if self.person_id else " from outside")

    @property
    def is_outside(self) -> bool:
        return self.person_id is None

    @property
    def label(self) -> str:
        """Who they are, for those who may know."""
        if self.person is not None:
            return str(self.person.name)
        return f"{self.name}, {self.organisation}" if self.organisation else self.name

    @property
    def audit_scope_id(self) -> int:
        return self.round.system_id


class RatingQuerySet(models.QuerySet[Any]):
    """Blind in the query: while a round is open, everybody reads their own ratings there and nobody's else."""

    def visible_to(self, user: Any) -> Any:
        from raiportal.accounts import roles

        scopes = roles.visible_scopes(user)
        found = self if scopes is None else self.filter(round_harm__round__system_id__in=scopes)
        return found.filter(Q(round_harm__round__state=RoundState.CLOSED) & Q(pk__in=_counted()) | Q(rater__person=user.pk))

    def counted(self) -> Any:
        """Those that count: somebody outside has sent theirs."""
        return self.filter(Q(rater__person__isnull=False) | Q(rater__sent_at__isnull=False))


def _counted() -> Any:
    return Rating.objects.counted().values("pk")


class Rating(models.Model):
    """What one rater says of one harm: both levels with how sure they are, or that they can't judge it. Their own to change until the round is closed."""

    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="ratings", db_index=False)
    round_harm = models.ForeignKey(RoundHarm, on_delete=models.PROTECT, related_name="ratings")
    severity = models.PositiveSmallIntegerField(null=True)
    frequency = models.PositiveSmallIntegerField(null=True)
    cannot_judge = models.BooleanField(default=False)
    confidence = models.CharField(max_length=10, choices=Confidence.choices, blank=True)
    rationale = models.TextField(max_length=LONGEST_RATIONALE, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    objects = RatingQuerySet.as_manager()

    class Meta:
        db_table = "rating"
        constraints = [
            models.UniqueConstraint(name="rating_once", fields=["rater", "round_harm"]),
            models.CheckConstraint(
                name="rating_levels_or_none",
                condition=Q(cannot_judge=True, severity=None, frequency=None, confidence="")
                | Q(cannot_judge=False, severity__range=(1, HIGHEST_LEVEL), frequency__range=(1, HIGHEST_LEVEL)) & ~Q(confidence="") & ~Q(rationale=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rater_id} on {self.round_harm_id}"

    @property
    def audit_scope_id(self) -> int:
        return self.round_harm.round.system_id


class ConsensusQuerySet(ScopedQuerySet):
    scope_lookup = "round_harm__round__system_id"


class Consensus(models.Model):
    """What was agreed of one harm after its round: levels, the medians that the ratings gave, and the risk point that it became. Written once.

    Levels other than the medians are an override, which has a reason. The medians are null where nobody could judge: then every level is one.
    """

    round_harm = models.OneToOneField(RoundHarm, on_delete=models.PROTECT, related_name="consensus")
    point = models.OneToOneField(RiskPoint, on_delete=models.PROTECT, related_name="+")
    severity = models.PositiveSmallIntegerField()
    frequency = models.PositiveSmallIntegerField()
    median_severity = models.PositiveSmallIntegerField(null=True)
    median_frequency = models.PositiveSmallIntegerField(null=True)
    rating_count = models.PositiveIntegerField()
    is_override = models.BooleanField()
    override_reason = models.TextField(max_length=2_000, blank=True)
    note = models.TextField(max_length=4_000)
    recorded_at = models.DateTimeField(db_default=Now())
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ConsensusQuerySet.as_manager()

    class Meta:
        db_table = "rating_consensus"
        constraints = [
            models.CheckConstraint(name="rating_consensus_levels", condition=Q(severity__range=(1, HIGHEST_LEVEL), frequency__range=(1, HIGHEST_LEVEL))),
            models.CheckConstraint(
                name="rating_consensus_override_has_reason",
                condition=Q(is_override=False, median_severity__isnull=False, median_frequency__isnull=False, override_reason="")
                & Q(severity=F("median_severity"), frequency=F("median_frequency"))
                | Q(is_override=True) & ~Q(override_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Consensus on {self.round_harm_id}"

    @property
    def audit_scope_id(self) -> int:
        return self.round_harm.round.system_id


class AppetiteQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Any:
        """The organisation's own can be read by everybody who reads a register."""
        from raiportal.accounts import roles

        scopes = roles.visible_scopes(user)
        if scopes is None:
            return self
        return self.filter(Q(system=None) | Q(system_id__in=scopes)) if scopes else self.none()


class Appetite(models.Model):
    """The highest score of a kind of harm that is borne without more ado: by the organisation (`system` null), or by one system instead of it."""

    category = models.ForeignKey(HarmCategory, on_delete=models.PROTECT, related_name="+")
    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+", null=True)
    highest_score = models.PositiveSmallIntegerField(null=True)  # null: none is set any more
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = AppetiteQuerySet.as_manager()

    class Meta:
        db_table = "harm_appetite"
        constraints = [
            models.UniqueConstraint(name="harm_appetite_once", fields=["category", "system"], nulls_distinct=False),
            models.CheckConstraint(name="harm_appetite_is_a_score", condition=Q(highest_score__range=(1, HIGHEST_SCORE))),
        ]

    def __str__(self) -> str:
        return f"Appetite for {self.category}" + (f" in {self.system}" if self.system_id else "")


class ScaleChange(models.Model):
    """The scores of a system carried over from an older scale to the current one. `…_levels` name, for the levels 1 to 5 of the old axis, the new level."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    from_scale = models.ForeignKey(RiskScale, on_delete=models.PROTECT, related_name="+", db_index=False)
    to_scale = models.ForeignKey(RiskScale, on_delete=models.PROTECT, related_name="+", db_index=False)
    severity_levels = models.JSONField()
    frequency_levels = models.JSONField()
    reason = models.TextField(max_length=2_000)
    baseline = models.ForeignKey(Baseline, on_delete=models.PROTECT, related_name="+", db_index=False)  # the register as it was before
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "scale_change"

    def __str__(self) -> str:
        return f"{self.from_scale} to {self.to_scale}"


class ScoreMove(models.Model):
    """One score that was carried over: the point on the old scale and the one on the new. Both stay."""

    change = models.ForeignKey(ScaleChange, on_delete=models.PROTECT, related_name="moves")
    before = models.ForeignKey(RiskPoint, on_delete=models.PROTECT, related_name="+", db_index=False)
    after = models.OneToOneField(RiskPoint, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "scale_change_move"

    def __str__(self) -> str:
        return f"{self.before_id} to {self.after_id}"

    @property
    def has_moved(self) -> bool:
        return self.before.score != self.after.score
