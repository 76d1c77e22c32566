"""Impact assessments of systems: versions of a form that is made from the catalogue, its answers, and what each group may gain or suffer."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from harms.enums import AssessmentState
from harms.models.register import Harm
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import AISystem, IntendedUse, Stakeholder

LONGEST_ANSWER = 20_000  # characters


class Assessment(models.Model):
    """One version of a system's impact assessment. At most one is being written; what was closed stays as it was."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=AssessmentState.choices, default=AssessmentState.WRITING)
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True)
    form = models.JSONField(null=True)  # frozen when it is closed: the questions as they were asked, and what the portal knew
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "impact_assessment"
        constraints = [
            models.UniqueConstraint(name="assessment_number", fields=["system", "number"]),
            models.UniqueConstraint(name="assessment_one_being_written", fields=["system"], condition=Q(state=AssessmentState.WRITING)),
            models.CheckConstraint(
                name="assessment_closed_with_form",
                condition=Q(state=AssessmentState.CLOSED, form__isnull=False, closed_at__isnull=False, closed_by__isnull=False)
                | Q(form=None, closed_at=None, closed_by=None) & ~Q(state=AssessmentState.CLOSED),
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"

    @property
    def code(self) -> str:
        return f"v{self.number}"


class OfAssessmentQuerySet(ScopedQuerySet):
    scope_lookup = "assessment__system_id"


class Answer(models.Model):
    """The answer to one question, for the system or for one of its uses or stakeholders. `revision` counts its changes.

    `value` is a text, a list of texts, rows of texts by column, or for yes and no {"answer": "yes" or "no", "why"}.
    """

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="answers")
    question = models.SlugField(max_length=80, db_index=False)
    intended_use = models.ForeignKey(IntendedUse, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    stakeholder = models.ForeignKey(Stakeholder, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    value: Any = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    answered_at = models.DateTimeField(db_default=Now())
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = OfAssessmentQuerySet.as_manager()

    class Meta:
        db_table = "impact_assessment_answer"
        constraints = [
            models.UniqueConstraint(name="assessment_answer_once", fields=["assessment", "question", "intended_use", "stakeholder"], nulls_distinct=False),
            models.CheckConstraint(name="assessment_answer_one_place", condition=Q(intended_use=None) | Q(stakeholder=None)),
        ]

    def __str__(self) -> str:
        return f"{self.question} of {self.assessment_id}"


class Impact(models.Model):
    """What one group of people may gain from one use of the system, and what it may do to them. `harm` is the one on the register that it became."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="impacts")
    intended_use = models.ForeignKey(IntendedUse, on_delete=models.PROTECT, related_name="+", db_index=False)
    stakeholder = models.ForeignKey(Stakeholder, on_delete=models.PROTECT, related_name="+", db_index=False)
    benefit = models.TextField(blank=True, max_length=LONGEST_ANSWER)
    potential_harm = models.TextField(blank=True, max_length=LONGEST_ANSWER)
    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = OfAssessmentQuerySet.as_manager()

    class Meta:
        db_table = "impact_assessment_impact"
        constraints = [models.CheckConstraint(name="assessment_impact_says_something", condition=~Q(benefit="", potential_harm=""))]

    def __str__(self) -> str:
        return (self.potential_harm or self.benefit)[:80]

    @property
    def audit_scope_id(self) -> int:
        return self.assessment.system_id
