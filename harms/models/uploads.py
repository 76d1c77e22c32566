"""Files of harms that wait for confirmation."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from harms.enums import ImportFormat, UploadState
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import AISystem


class HarmUpload(models.Model):
    """A file of harms that was read but not yet confirmed. Held for a day; `report` says what it would bring, row by row where a row can't come in."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    format = models.CharField(max_length=10, choices=ImportFormat.choices)
    file_digest = models.CharField(max_length=64)
    report = models.JSONField()
    state = models.CharField(max_length=20, choices=UploadState.choices, default=UploadState.PREVIEWED)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "harm_upload"
        indexes = [models.Index(F("created_at"), name="harm_upload_age")]

    def __str__(self) -> str:
        return self.file_name


class HarmUploadPart(models.Model):
    """A stretch of an upload's bytes, so that storing and reading a large file needs little memory."""

    upload = models.ForeignKey(HarmUpload, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "harm_upload_part"
        constraints = [models.UniqueConstraint(name="harm_upload_part_number", fields=["upload", "number"])]

    def __str__(self) -> str:
        return f"{self.upload_id}/{self.number}"
