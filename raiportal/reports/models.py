"""Reports as they were made, their PDF, and the people to whom they were sent.

A report is written once. Of a PDF only its making is noted, and a made one stays. Of a recipient it is noted once that they opened and acknowledged.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from raiportal.accounts import roles
from raiportal.accounts.models import Scope, ScopedQuerySet, User
from raiportal.reports.content import Content, read
from raiportal.reports.enums import PdfState, RecipientState
from raiportal.work.text import document

SEARCHED_TEXT = document("title")
SHOWN_OF_DIGEST = 12  # hexadecimal digits, where there is no room for all of them


class ReportQuerySet(ScopedQuerySet):
    scope_lookup = "scope_id"

    def visible_to(self, user: Any) -> Any:
        """Those of systems that the person may read, and those that were sent to them, wherever they are from. A narrowed token stays within its systems."""
        scopes, narrowed = roles.visible_scopes(user), roles.of(user).narrowed_to
        if scopes is None:
            return self
        sent = ReportRecipient.objects.filter(report=OuterRef("pk"), person_id=user.pk, taken_back_at=None)
        mine = Q(Exists(sent)) if narrowed is None else Q(Exists(sent), scope__in=narrowed)
        return self.filter(Q(scope__in=scopes) | mine)

    def about(self, kind: str, subject_id: int) -> ReportQuerySet:
        return self.filter(kind=kind, subject_id=subject_id)  # type: ignore[no-any-return]


class Report(models.Model):
    """What was known of one object at one moment. `pack` is all of it, and `digest` that of the pack; the columns repeat what lists sort and filter by."""

    kind = models.CharField(max_length=60)  # slug of a ReportKind
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)  # null = the organisation
    subject_kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    number = models.PositiveIntegerField()  # of its kind and subject, from 1
    title = models.CharField(max_length=200)
    pack: Any = models.JSONField()  # see `raiportal.reports.packs`
    digest = models.CharField(max_length=64)  # SHA-256 of the pack's canonical JSON
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = ReportQuerySet.as_manager()

    class Meta:
        db_table = "report"
        constraints = [models.UniqueConstraint(name="report_number", fields=["kind", "subject_id", "number"])]
        indexes = [models.Index(fields=["scope", "-id"], name="report_of_scope"), GinIndex(SEARCHED_TEXT, name="report_search")]

    def __str__(self) -> str:
        return f"{self.title}, no. {self.number}"

    @property
    def content(self) -> Content:
        return read(self.pack["content"])

    @property
    def short_digest(self) -> str:
        return self.digest[:SHOWN_OF_DIGEST]

    @property
    def file_name(self) -> str:
        """Without its ending; of ASCII letters, digits and hyphens."""
        return f"{self.kind.replace('.', '-').replace('_', '-')}-{self.subject_id}-{self.number}"


class ReportPdf(models.Model):
    """The report as a PDF: made by a worker, which counts its attempts before it begins, so that one that kills it is given up."""

    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="pdf", primary_key=True)
    state = models.CharField(max_length=10, choices=PdfState.choices, default=PdfState.WAITING)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)  # when the latest attempt began
    last_error = models.CharField(max_length=300, blank=True)
    content = models.BinaryField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "report_pdf"
        constraints = [
            models.CheckConstraint(
                name="report_pdf_made_is_there",
                condition=Q(state=PdfState.MADE, content__isnull=False, made_at__isnull=False) & ~Q(sha256="")
                | ~Q(state=PdfState.MADE) & Q(content=None, made_at=None, sha256=""),
            )
        ]
        indexes = [models.Index(fields=["tried_at"], condition=Q(state=PdfState.WAITING), name="report_pdf_waiting")]

    def __str__(self) -> str:
        return f"PDF of report {self.pk}"


class ReportRecipientQuerySet(models.QuerySet["ReportRecipient"]):
    def visible_to(self, user: Any) -> ReportRecipientQuerySet:
        """Everybody's for who may read the report's system; else one's own."""
        scopes, narrowed = roles.visible_scopes(user), roles.of(user).narrowed_to
        if scopes is None:
            return self
        mine = Q(person_id=user.pk, taken_back_at=None)
        return self.filter(Q(report__scope__in=scopes) | (mine if narrowed is None else mine & Q(report__scope__in=narrowed)))

    def waiting(self) -> ReportRecipientQuerySet:
        """Those who have yet to acknowledge."""
        return self.filter(acknowledged_at=None, taken_back_at=None, replaced_by=None)


class ReportRecipient(models.Model):
    """One person to whom a report was sent: when, by whom, until when they are asked to acknowledge it, and what they did."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="recipients")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    message = models.TextField(max_length=2_000, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    note = models.TextField(max_length=2_000, blank=True)
    reminded_at = models.DateTimeField(null=True)  # by a person, at last
    reminder_count = models.PositiveSmallIntegerField(default=0)
    replaced_by = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="+", null=True)  # a newer one that was sent to them instead
    taken_back_at = models.DateTimeField(null=True)
    taken_back_reason = models.CharField(max_length=2_000, blank=True)

    objects = ReportRecipientQuerySet.as_manager()

    class Meta:
        db_table = "report_recipient"
        constraints = [
            models.UniqueConstraint(name="report_recipient_once", fields=["report", "person"]),
            models.CheckConstraint(name="report_acknowledged_was_opened", condition=Q(acknowledged_at=None, note="") | Q(opened_at__isnull=False)),
            models.CheckConstraint(
                name="report_taken_back_with_reason",
                condition=Q(taken_back_at=None, taken_back_reason="") | Q(taken_back_at__isnull=False) & ~Q(taken_back_reason=""),
            ),
        ]
        indexes = [models.Index(fields=["person", "report"], name="report_recipient_person")]

    def __str__(self) -> str:
        return f"{self.person} for {self.report}"

    @property
    def audit_scope_id(self) -> int | None:
        return self.report.scope_id

    @property
    def state(self) -> RecipientState:
        if self.taken_back_at is not None:
            return RecipientState.TAKEN_BACK
        if self.acknowledged_at is not None:
            return RecipientState.ACKNOWLEDGED
        if self.replaced_by_id is not None:
            return RecipientState.REPLACED
        return RecipientState.OPENED if self.opened_at is not None else RecipientState.SENT

    @property
    def pk_words(self) -> str:
        """The id as text, for names within a page."""
        return str(self.pk)

    @property
    def is_waiting(self) -> bool:
        return self.state in (RecipientState.SENT, RecipientState.OPENED)
