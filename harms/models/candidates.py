"""What may be a harm of a system and waits for somebody to say so: things that came up, and what the library knows."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from harms.enums import CandidateSource, CandidateState
from harms.models.register import Harm
from raiportal.accounts.models import ScopedQuerySet, User
from raiportal.work.text import document
from systems.models import AISystem

CANDIDATE_TEXT = document("title", ("summary",))  # what the portal's search looks in


class Candidate(models.Model):
    """Something that came up and may be a harm. Whatever is decided, the row stays: nothing that was seen gets lost.

    `subject_kind` and `subject_id` name the object that it came from, which gives at most one candidate. `harm` is what it became or belongs to.
    """

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=20, choices=CandidateSource.choices)
    subject_kind = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True)
    title = models.CharField(max_length=160)
    summary = models.TextField(max_length=4_000, blank=True)
    state = models.CharField(max_length=20, choices=CandidateState.choices, default=CandidateState.WAITING)
    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="+", null=True)
    decided_why = models.CharField(max_length=2_000, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "harm_candidate"
        constraints = [
            models.UniqueConstraint(name="candidate_once", fields=["system", "subject_kind", "subject_id"], condition=Q(subject_id__isnull=False)),
            models.CheckConstraint(
                name="candidate_names_its_origin", condition=Q(subject_kind="", subject_id=None) | ~Q(subject_kind="") & Q(subject_id__isnull=False)
            ),
            models.CheckConstraint(
                name="candidate_is_as_decided",
                condition=Q(state=CandidateState.WAITING, harm=None, decided_at=None, decided_by=None, decided_why="")
                | Q(state__in=(CandidateState.NEW_HARM, CandidateState.LINKED), harm__isnull=False, decided_at__isnull=False, decided_by__isnull=False)
                | Q(state=CandidateState.DISMISSED, harm=None, decided_at__isnull=False, decided_by__isnull=False) & ~Q(decided_why=""),
            ),
        ]
        indexes = [
            GinIndex(CANDIDATE_TEXT, name="candidate_search"),
            models.Index(F("system"), F("state"), F("id").desc(), name="candidate_of_system"),
            models.Index(F("state"), F("id").desc(), name="candidate_by_state"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def code(self) -> str:
        return f"C-{self.pk:02d}"


class LibraryDismissal(models.Model):
    """Somebody said why a known harm of the library doesn't fit a system. It can be taken back; the row stays."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+", db_index=False)
    entry = models.SlugField(max_length=80, db_index=False)
    model_name = models.CharField(max_length=120, blank=True)  # of which model it was said; "" for harms that are no model's own
    reason = models.CharField(max_length=2_000)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "harm_library_dismissal"
        constraints = [
            models.UniqueConstraint(name="library_dismissal_once", fields=["system", "entry", "model_name"], condition=Q(taken_back_at=None)),
            models.CheckConstraint(
                name="library_dismissal_taken_back_by_somebody",
                condition=Q(taken_back_at=None, taken_back_by=None) | Q(taken_back_at__isnull=False, taken_back_by__isnull=False),
            ),
            models.CheckConstraint(name="library_dismissal_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.entry
