"""Red-team campaigns: the charter, the harms in scope, what is tried to be reached, and who takes part."""

from __future__ import annotations

import hashlib

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from harms.enums import ENDED_CAMPAIGNS, Approach, CampaignState, TestedLayer
from harms.models.register import Harm
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import AISystem, Configuration

LONGEST_CHARTER_TEXT = 4_000  # characters of one part of a charter
MOST_DAILY_PROBES = 500
MOST_DAILY_MINUTES = 480  # a working day; nobody looks at harmful content for longer
MOST_RETENTION_DAYS = 3_650  # ten years
USUAL_RETENTION_DAYS = 365


class Campaign(models.Model):
    """One round of red teaming of a system: why, at what, by which rules. Limits of exposure are of each tester, a day of UTC."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    aim = models.TextField(max_length=LONGEST_CHARTER_TEXT)
    approach = models.CharField(max_length=20, choices=Approach.choices, default=Approach.OPPORTUNISTIC)
    state = models.CharField(max_length=20, choices=CampaignState.choices, default=CampaignState.DRAFT)
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    layers = ArrayField(models.CharField(max_length=20, choices=TestedLayer.choices), default=list, blank=True)
    rules_of_engagement = models.TextField(blank=True, max_length=LONGEST_CHARTER_TEXT)
    stop_rules = models.TextField(blank=True, max_length=LONGEST_CHARTER_TEXT)
    data_handling = models.TextField(blank=True, max_length=LONGEST_CHARTER_TEXT)
    retention_days = models.PositiveIntegerField(default=USUAL_RETENTION_DAYS)  # from its close until the texts of its transcripts are deleted
    content_warning = models.TextField(blank=True, max_length=LONGEST_CHARTER_TEXT)
    support_contact = models.CharField(blank=True, max_length=200)  # whom testers can turn to
    most_probes = models.PositiveIntegerField(null=True, blank=True)  # of the whole campaign; then nothing more is sent
    budget_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    daily_probes = models.PositiveIntegerField(default=60)
    daily_minutes = models.PositiveIntegerField(default=120)
    break_after_minutes = models.PositiveIntegerField(default=45)
    break_minutes = models.PositiveIntegerField(default=10)
    is_break_enforced = models.BooleanField(default=False)
    debrief = models.TextField(blank=True, max_length=LONGEST_CHARTER_TEXT)  # said when it is closed
    started_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    title_key = models.GeneratedField(expression=Lower("title"), output_field=models.TextField(), db_persist=True)  # for sorting
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "campaign"
        constraints = [
            models.CheckConstraint(name="campaign_daily_probes", condition=Q(daily_probes__range=(1, MOST_DAILY_PROBES))),
            models.CheckConstraint(name="campaign_daily_minutes", condition=Q(daily_minutes__range=(1, MOST_DAILY_MINUTES))),
            models.CheckConstraint(name="campaign_retention_days", condition=Q(retention_days__range=(1, MOST_RETENTION_DAYS))),
            models.CheckConstraint(name="campaign_breaks", condition=Q(break_after_minutes__gte=1, break_minutes__gte=1)),
            models.CheckConstraint(
                name="campaign_started",
                condition=Q(state__in=(CampaignState.DRAFT, CampaignState.DISCARDED)) | Q(configuration__isnull=False, started_at__isnull=False),
            ),
            models.CheckConstraint(
                name="campaign_closed_with_debrief",
                condition=~Q(state=CampaignState.CLOSED) & Q(closed_at=None) | Q(state=CampaignState.CLOSED, closed_at__isnull=False) & ~Q(debrief=""),
            ),
        ]
        indexes = [models.Index(F("system"), F("id").desc(), name="campaign_newest"), models.Index(F("system"), F("title_key"), name="campaign_by_title")]

    def __str__(self) -> str:
        return self.title

    @property
    def code(self) -> str:
        return f"RT-{self.pk}"

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED_CAMPAIGNS

    @property
    def warning_digest(self) -> str:
        """What a consent is about: another warning needs another consent."""
        return hashlib.sha256(self.content_warning.encode()).hexdigest()

    @property
    def layer_words(self) -> list[str]:
        return [str(TestedLayer(layer).label) for layer in self.layers]


class OfCampaignQuerySet(ScopedQuerySet):
    scope_lookup = "campaign__system_id"


class CampaignHarm(models.Model):
    """A harm in the scope of a campaign; position 1 is tried first."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="scope", db_index=False)
    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()

    objects = OfCampaignQuerySet.as_manager()

    class Meta:
        db_table = "campaign_harm"
        constraints = [models.UniqueConstraint(name="campaign_harm_once", fields=["campaign", "harm"])]

    def __str__(self) -> str:
        return f"{self.position}. {self.harm_id}"


class Objective(models.Model):
    """Something that testers try to make the system do, for one harm in scope. Figures of a campaign count objectives beside sessions and attempts."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="objectives", db_index=False)
    number = models.PositiveIntegerField()
    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="+", db_index=False)
    words = models.CharField(max_length=300)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = OfCampaignQuerySet.as_manager()

    class Meta:
        db_table = "campaign_objective"
        constraints = [models.UniqueConstraint(name="objective_number", fields=["campaign", "number"])]

    def __str__(self) -> str:
        return f"O-{self.number} {self.words}"

    @property
    def audit_scope_id(self) -> int:
        return self.campaign.system_id


class Tester(models.Model):
    """Somebody who may probe in a campaign: invited, and taking part from their own consent until they opt out, for which nobody asks a reason."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="testers", db_index=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(db_default=Now())
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    consented_at = models.DateTimeField(null=True)
    warning_digest = models.CharField(max_length=64, blank=True)  # of the content warning that the consent is about
    opted_out_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    objects = OfCampaignQuerySet.as_manager()

    class Meta:
        db_table = "campaign_tester"
        constraints = [
            models.UniqueConstraint(name="tester_once", fields=["campaign", "person"]),
            models.CheckConstraint(name="tester_consents_to_a_warning", condition=Q(consented_at=None) | ~Q(warning_digest="")),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.campaign_id}"

    @property
    def audit_scope_id(self) -> int:
        return self.campaign.system_id

    @property
    def is_taking_part(self) -> bool:
        return self.consented_at is not None and self.opted_out_at is None and self.removed_at is None
