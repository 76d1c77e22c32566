"""What is active in an environment: an order of configurations with shares. Each order is kept; the newest is the one in force."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from raiportal.accounts.models import ScopedQuerySet, User
from systems.enums import ActivationKind, EmergencyState, Environment, Finding
from systems.models.configurations import Configuration
from systems.models.systems import AISystem


class Activation(models.Model):
    """One order that came into force. Append-only: going back is a new row."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="activations")
    environment = models.CharField(max_length=20, choices=Environment.choices)
    kind = models.CharField(max_length=20, choices=ActivationKind.choices)
    reason = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "activation"
        indexes = [models.Index(F("system"), F("environment"), F("id").desc(), name="activation_newest")]

    def __str__(self) -> str:
        return f"{self.get_environment_display()} of {self.created_at:%Y-%m-%d}" if self.created_at else self.get_environment_display()


class OfActivationQuerySet(ScopedQuerySet):
    scope_lookup = "activation__system_id"


class ActivationShare(models.Model):
    """One configuration of an order, with its share of the traffic in percent; the shares of an order add up to 100."""

    activation = models.ForeignKey(Activation, on_delete=models.PROTECT, related_name="shares")
    position = models.PositiveSmallIntegerField()
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    share = models.PositiveSmallIntegerField()

    objects = OfActivationQuerySet.as_manager()

    class Meta:
        db_table = "activation_share"
        constraints = [
            models.UniqueConstraint(name="activation_share_position", fields=["activation", "position"]),
            models.UniqueConstraint(name="activation_share_configuration", fields=["activation", "configuration"]),
            models.CheckConstraint(name="activation_share_percent", condition=Q(share__gte=1, share__lte=100)),
        ]

    def __str__(self) -> str:
        return f"{self.configuration.code} {self.share} %"


class EmergencyActivation(models.Model):
    """Somebody's request to activate at once, past the higher checks. A second person confirms within the hour; somebody else reviews it afterwards."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="emergency_activations")
    environment = models.CharField(max_length=20, choices=Environment.choices)
    state = models.CharField(max_length=20, choices=EmergencyState.choices, default=EmergencyState.WAITING)
    reason = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    activation = models.OneToOneField(Activation, on_delete=models.PROTECT, related_name="emergency", null=True, blank=True)
    finding = models.CharField(max_length=20, choices=Finding.choices, blank=True)
    finding_text = models.TextField(blank=True)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "emergency_activation"
        constraints = [
            models.UniqueConstraint(name="emergency_activation_one_waiting", fields=["system", "environment"], condition=Q(state="waiting")),
            models.CheckConstraint(name="emergency_activation_two_people", condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("created_by"))),
            models.CheckConstraint(
                name="emergency_activation_reviewed_by_another",
                condition=Q(reviewed_by=None) | (~Q(reviewed_by=F("created_by")) & ~Q(reviewed_by=F("confirmed_by"))),
            ),
            models.CheckConstraint(
                name="emergency_activation_acted",
                condition=Q(state__in=["acted", "reviewed"], confirmed_by__isnull=False, confirmed_at__isnull=False, activation__isnull=False)
                | Q(state__in=["waiting", "withdrawn", "expired"], confirmed_by=None, confirmed_at=None, activation=None),
            ),
            models.CheckConstraint(
                name="emergency_activation_finding",
                condition=(Q(state="reviewed", reviewed_by__isnull=False, reviewed_at__isnull=False) & ~Q(finding="") & ~Q(finding_text=""))
                | (~Q(state="reviewed") & Q(reviewed_by=None, reviewed_at=None, finding="", finding_text="")),
            ),
        ]

    def __str__(self) -> str:
        return f"in {self.get_environment_display().lower()}"

    def is_over(self, now: datetime.datetime) -> bool:
        """Whether nobody confirmed it in time."""
        return self.state == EmergencyState.EXPIRED or (self.state == EmergencyState.WAITING and self.expires_at <= now)


class OfEmergencyQuerySet(ScopedQuerySet):
    scope_lookup = "emergency__system_id"


class EmergencyShare(models.Model):
    """One configuration of the order that is asked for."""

    emergency = models.ForeignKey(EmergencyActivation, on_delete=models.PROTECT, related_name="shares")
    position = models.PositiveSmallIntegerField()
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+")
    share = models.PositiveSmallIntegerField()

    objects = OfEmergencyQuerySet.as_manager()

    class Meta:
        db_table = "emergency_share"
        constraints = [
            models.UniqueConstraint(name="emergency_share_position", fields=["emergency", "position"]),
            models.UniqueConstraint(name="emergency_share_configuration", fields=["emergency", "configuration"]),
            models.CheckConstraint(name="emergency_share_percent", condition=Q(share__gte=1, share__lte=100)),
        ]

    def __str__(self) -> str:
        return f"{self.configuration.code} {self.share} %"
