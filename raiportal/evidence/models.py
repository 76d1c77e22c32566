"""Evidence of an object, the files that are kept for it, and what relied on it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts.models import Scope, ScopedQuerySet, User
from raiportal.evidence.enums import EvidenceKind
from raiportal.evidence.subjects import about_visible

ORGANISATION = "organisation"  # the folder of files that belong to no system


class StoredFile(models.Model):
    """The content of a file, kept once for each scope under its digest. The row stays when the content is deleted, as proof of what it was."""

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)  # null = the organisation
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()  # bytes
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)  # when the content went, since no evidence needs it any more

    class Meta:
        db_table = "evidence_file"
        constraints = [models.UniqueConstraint(name="evidence_file_once", fields=["scope", "sha256"], nulls_distinct=False)]

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def path(self) -> str:
        """Where the content lies below the folder of stored files; made of nothing that anybody typed."""
        return f"{self.scope_id or ORGANISATION}/{self.sha256[:2]}/{self.sha256}"


class EvidenceQuerySet(ScopedQuerySet):
    scope_lookup = "scope_id"

    def visible_to(self, user: Any) -> Any:
        """That of every object that the person may see."""
        return self.filter(about_visible(user))

    def standing(self) -> EvidenceQuerySet:
        return self.filter(removed_at=None)  # type: ignore[no-any-return]

    def of(self, subject: models.Model) -> EvidenceQuerySet:
        return self.filter(subject_kind=subject._meta.label_lower, subject_id=subject.pk)  # type: ignore[no-any-return]


class Evidence(models.Model):
    """One thing that speaks for an object: a file, a link, or another object of the portal as it is at each moment.

    What it is never changes. It can be removed with a reason, unless something relied on it.
    """

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)  # null = the organisation
    subject_kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=EvidenceKind.choices)
    title = models.CharField(max_length=160)
    note = models.TextField(max_length=2_000, blank=True)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+", null=True)
    file_name = models.CharField(max_length=200, blank=True)  # as it was given, made harmless; never part of a path
    media_type = models.CharField(max_length=100, blank=True)  # found out from the content, and what it is served as
    url = models.CharField(max_length=1_000, blank=True)
    object_kind = models.CharField(max_length=60, blank=True)
    object_id = models.BigIntegerField(null=True)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    removed_reason = models.CharField(max_length=2_000, blank=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        db_table = "evidence"
        constraints = [
            models.CheckConstraint(
                name="evidence_is_of_its_kind",
                condition=Q(kind="file", file__isnull=False, url="", object_id=None, object_kind="") & ~Q(file_name="") & ~Q(media_type="")
                | Q(kind="link", file=None, file_name="", media_type="", object_id=None, object_kind="") & ~Q(url="")
                | Q(kind="object", file=None, file_name="", media_type="", url="", object_id__isnull=False) & ~Q(object_kind=""),
            ),
            models.CheckConstraint(
                name="evidence_removed_with_reason",
                condition=Q(removed_at=None, removed_by=None, removed_reason="")
                | Q(removed_at__isnull=False, removed_by__isnull=False) & ~Q(removed_reason=""),
            ),
        ]
        indexes = [models.Index(fields=["subject_kind", "subject_id", "-id"], name="evidence_subject"), models.Index(fields=["file"], name="evidence_of_file")]

    def __str__(self) -> str:
        return self.title

    @property
    def anchor(self) -> str:
        """The row's name within a page."""
        return str(self.pk)


class EvidenceUse(models.Model):
    """Something relied on this evidence, such as a request for a sign-off: from then on the evidence can't be removed."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="uses")
    used_by_kind = models.CharField(max_length=60)
    used_by_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "evidence_use"
        constraints = [models.UniqueConstraint(name="evidence_used_once", fields=["evidence", "used_by_kind", "used_by_id"])]
        indexes = [models.Index(fields=["used_by_kind", "used_by_id"], name="evidence_user")]

    def __str__(self) -> str:
        return f"{self.used_by_kind} {self.used_by_id}"
