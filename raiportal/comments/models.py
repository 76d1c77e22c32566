"""What people said about an object, and what stood there before they changed it."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts.models import Scope, ScopedQuerySet, User
from raiportal.evidence.subjects import about_visible
from raiportal.work.text import document

LONGEST = 5_000  # characters of a comment
SEARCHED_TEXT = document("text")  # what the portal's search looks in


class CommentQuerySet(ScopedQuerySet):
    scope_lookup = "scope_id"

    def visible_to(self, user: Any) -> Any:
        """Those on every object that the person may see."""
        return self.filter(about_visible(user))

    def of(self, subject: models.Model) -> CommentQuerySet:
        return self.filter(subject_kind=subject._meta.label_lower, subject_id=subject.pk)  # type: ignore[no-any-return]


class Comment(models.Model):
    """One comment, or the answer to one. Plain text. A removed one keeps its place and loses its words, for good."""

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)  # null = the organisation
    subject_kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    parent = models.ForeignKey("self", on_delete=models.PROTECT, related_name="answers", null=True)  # of an answer; answers have no answers
    text = models.TextField(max_length=LONGEST, blank=True)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    removed_reason = models.CharField(max_length=2_000, blank=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        db_table = "comment"
        constraints = [
            models.CheckConstraint(
                name="comment_removed_is_blank",
                condition=Q(removed_at=None, removed_by=None, removed_reason="") & ~Q(text="")
                | Q(removed_at__isnull=False, removed_by__isnull=False, text="") & ~Q(removed_reason=""),
            )
        ]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"], name="comment_subject"),
            models.Index(fields=["author"], name="comment_author"),
            GinIndex(SEARCHED_TEXT, name="comment_search"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class CommentRevision(models.Model):
    """What a comment said before its author changed it. Blanked with the comment."""

    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="revisions")
    text = models.TextField(max_length=LONGEST, blank=True)
    replaced_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "comment_revision"
        indexes = [models.Index(fields=["comment", "id"], name="comment_revisions")]

    def __str__(self) -> str:
        return f"before {self.replaced_at:%Y-%m-%d %H:%M}"
