"""What red teaming found, and what people say of it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from harms.enums import FindingState, OpinionVerdict, TestedLayer
from harms.models.campaigns import Campaign
from harms.models.probing import ProbeSession
from harms.models.reference import HIGHEST_LEVEL
from harms.models.register import Harm
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import AISystem

LONGEST_DESCRIPTION = 4_000


class Finding(models.Model):
    """Something bad that the system did in a session, shown by a range of its turns.

    `severity` is a level of the risk scale, as its finder sees it until somebody else triages. A confirmed finding is an instance of a harm on the
    register; `is_new_harm` says that the harm was proposed because of it.
    """

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+", db_index=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="findings")
    session = models.ForeignKey(ProbeSession, on_delete=models.PROTECT, related_name="findings")
    first_turn = models.PositiveIntegerField()
    last_turn = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    description = models.TextField(max_length=LONGEST_DESCRIPTION)
    severity = models.PositiveSmallIntegerField()
    layer = models.CharField(max_length=20, choices=TestedLayer.choices)
    strategies = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    state = models.CharField(max_length=20, choices=FindingState.choices, default=FindingState.OPEN)
    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="+", null=True)
    is_new_harm = models.BooleanField(default=False)
    duplicate_of = models.ForeignKey("self", on_delete=models.PROTECT, related_name="duplicates", null=True)
    triaged_at = models.DateTimeField(null=True)
    triaged_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    title_key = models.GeneratedField(expression=Lower("title"), output_field=models.TextField(), db_persist=True)  # for sorting
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "finding"
        constraints = [
            models.CheckConstraint(name="finding_turns", condition=Q(first_turn__gte=1, last_turn__gte=F("first_turn"))),
            models.CheckConstraint(name="finding_severity", condition=Q(severity__range=(1, HIGHEST_LEVEL))),
            models.CheckConstraint(name="finding_confirmed_is_a_harm", condition=~Q(state=FindingState.CONFIRMED) | Q(harm__isnull=False)),
            models.CheckConstraint(
                name="finding_duplicate_of_another",
                condition=Q(state=FindingState.DUPLICATE, duplicate_of__isnull=False) & ~Q(duplicate_of=F("id"))
                | ~Q(state=FindingState.DUPLICATE) & Q(duplicate_of=None),
            ),
        ]
        indexes = [
            models.Index(F("system"), F("id").desc(), name="finding_newest"),
            models.Index(F("system"), F("severity").desc(), F("id").desc(), name="finding_by_severity"),
            models.Index(F("system"), F("title_key"), name="finding_by_title"),
            models.Index(F("system"), F("state"), name="finding_by_state"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def code(self) -> str:
        return f"F-{self.pk}"


class OpinionQuerySet(ScopedQuerySet):
    scope_lookup = "finding__system_id"


class Opinion(models.Model):
    """What a second person says of a finding, once. Written once."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="opinions", db_index=False)
    verdict = models.CharField(max_length=20, choices=OpinionVerdict.choices)
    severity = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=2_000)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = OpinionQuerySet.as_manager()

    class Meta:
        db_table = "finding_opinion"
        constraints = [
            models.UniqueConstraint(name="opinion_once", fields=["finding", "created_by"]),
            models.CheckConstraint(name="opinion_severity", condition=Q(severity__range=(1, HIGHEST_LEVEL))),
        ]

    def __str__(self) -> str:
        return f"{self.created_by_id} on {self.finding_id}"

    @property
    def audit_scope_id(self) -> int:
        return self.finding.system_id
