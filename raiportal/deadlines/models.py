"""Dates that somebody has to keep. The open one of a kind and subject moves; a closed one is frozen with what was left of its time."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts.models import Scope, ScopedQuerySet


class DeadlineQuerySet(ScopedQuerySet):
    scope_lookup = "scope_id"

    def open(self) -> DeadlineQuerySet:
        return self.filter(closed_at=None)  # type: ignore[no-any-return]

    def running(self) -> DeadlineQuerySet:
        return self.open().filter(paused_at=None)  # type: ignore[no-any-return]

    def about(self, kind: str, pk: int) -> DeadlineQuerySet:
        return self.filter(subject_kind=kind, subject_id=pk)  # type: ignore[no-any-return]


class Deadline(models.Model):
    """One date of one kind for one object. While it is paused its time stands still; `due_at` moves when it goes on."""

    kind = models.CharField(max_length=60)  # slug of a DeadlineKind
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)  # null = the organisation
    subject_kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True, blank=True)  # when somebody is told next; null when everybody has been, or it rests
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=300, blank=True)
    paused_seconds = models.FloatField(default=0.0)  # of pauses that are over
    closed_at = models.DateTimeField(null=True, blank=True)
    remaining_seconds = models.FloatField(null=True, blank=True)  # frozen when it is closed; below zero it was late
    updated_at = models.DateTimeField(auto_now=True)

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        db_table = "deadline"
        constraints = [
            models.UniqueConstraint(name="deadline_one_open", fields=["kind", "subject_kind", "subject_id"], condition=Q(closed_at=None)),
            models.CheckConstraint(
                name="deadline_closed_is_frozen",
                condition=Q(closed_at=None, remaining_seconds=None) | Q(closed_at__isnull=False, remaining_seconds__isnull=False, next_at=None),
            ),
            models.CheckConstraint(
                name="deadline_pause_has_reason",
                condition=Q(paused_at=None, pause_reason="") | (Q(paused_at__isnull=False) & ~Q(pause_reason="")),
            ),
            models.CheckConstraint(name="deadline_pauses_are_not_negative", condition=Q(paused_seconds__gte=0)),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(closed_at=None), name="deadline_next"),
            models.Index(fields=["due_at"], condition=Q(closed_at=None), name="deadline_due"),
            models.Index(fields=["subject_kind", "subject_id"], name="deadline_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject_kind} {self.subject_id}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def remaining(self, now: datetime.datetime) -> datetime.timedelta:
        """What is left at `now`, below zero when it is over; it stands still while paused and is frozen once closed."""
        if self.remaining_seconds is not None:
            return datetime.timedelta(seconds=self.remaining_seconds)
        return self.due_at - (self.paused_at or now)
