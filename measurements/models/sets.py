"""Measurement sets, their immutable versions, cases, and uploads that wait for confirmation."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from harms.models import Harm
from measurements.enums import Sampling, UploadFormat, UploadState
from raiportal.accounts.models import ScopedQuerySet, User
from raiportal.work.text import document
from systems.models import AISystem

SEARCHED_TEXT = document("name", ("description",))  # of sets: what the portal's search looks in


class MeasurementSet(models.Model):
    """A named collection of prompts with a stated sampling. Its cases live in versions; a run measures one version."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    sampling = models.CharField(max_length=20, choices=Sampling.choices, default=Sampling.TARGETED)
    harms = models.ManyToManyField(Harm, related_name="+", blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "measurement_set"
        constraints = [models.UniqueConstraint(name="measurement_set_name_once", fields=["system", "name"])]
        indexes = [GinIndex(SEARCHED_TEXT, name="measurement_set_search")]

    def __str__(self) -> str:
        return self.name


class SetVersionQuerySet(ScopedQuerySet):
    scope_lookup = "measurement_set__system_id"


class MeasurementSetVersion(models.Model):
    """The cases of a set at one moment. Immutable; an import makes the next one, which holds the earlier cases and the new."""

    measurement_set = models.ForeignKey(MeasurementSet, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    case_count = models.PositiveIntegerField()
    added_count = models.PositiveIntegerField()  # cases that this version has and the one before had not
    digest = models.CharField(max_length=64)  # over the sorted case keys: equal digests, equal cases
    file_name = models.CharField(max_length=200, blank=True)
    file_digest = models.CharField(max_length=64, blank=True)
    mix = models.JSONField(default=dict)  # how many cases have which stratum, language and harm, see measurements.selectors.cases
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = SetVersionQuerySet.as_manager()

    class Meta:
        db_table = "measurement_set_version"
        constraints = [models.UniqueConstraint(name="measurement_set_version_number", fields=["measurement_set", "number"])]

    def __str__(self) -> str:
        return f"{self.measurement_set} v{self.number}"

    @property
    def audit_scope_id(self) -> int:
        return self.measurement_set.system_id


class CaseQuerySet(ScopedQuerySet):
    scope_lookup = "version__measurement_set__system_id"


class Case(models.Model):
    """One input: messages, and what is known about them. `key` is a hash of the messages, the same in every version and set."""

    version = models.ForeignKey(MeasurementSetVersion, on_delete=models.PROTECT, related_name="cases", db_index=False)
    position = models.PositiveIntegerField()  # 0 .. case_count - 1
    key = models.CharField(max_length=32)
    external_id = models.CharField(max_length=200, blank=True)
    messages = models.JSONField()  # [{"role", "content"}], text only
    stratum = models.CharField(max_length=120, blank=True)
    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    expectation = models.TextField(blank=True)
    language = models.CharField(max_length=35, blank=True)
    source = models.CharField(max_length=300, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        db_table = "measurement_case"
        constraints = [
            models.UniqueConstraint(name="case_position", fields=["version", "position"]),
            models.UniqueConstraint(name="case_once", fields=["version", "key"]),
        ]
        indexes = [models.Index(fields=["version", "stratum"], name="case_stratum")]

    def __str__(self) -> str:
        return self.external_id or f"case {self.position + 1}"


class SetUpload(models.Model):
    """A file that was read but not yet confirmed. Held for a day; confirming makes the next version of the set."""

    measurement_set = models.ForeignKey(MeasurementSet, on_delete=models.PROTECT, related_name="uploads")
    file_name = models.CharField(max_length=200)
    format = models.CharField(max_length=20, choices=UploadFormat.choices)
    file_digest = models.CharField(max_length=64)
    report = models.JSONField()
    state = models.CharField(max_length=20, choices=UploadState.choices, default=UploadState.PREVIEWED)
    version = models.ForeignKey(MeasurementSetVersion, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = SetVersionQuerySet.as_manager()

    class Meta:
        db_table = "measurement_set_upload"
        indexes = [models.Index(F("created_at"), name="set_upload_age")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def audit_scope_id(self) -> int:
        return self.measurement_set.system_id


class SetUploadPart(models.Model):
    """A stretch of an upload's bytes: in parts, so that neither storing nor reading a large file needs memory for all of it."""

    upload = models.ForeignKey(SetUpload, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "measurement_set_upload_part"
        constraints = [models.UniqueConstraint(name="set_upload_part_number", fields=["upload", "number"])]

    def __str__(self) -> str:
        return f"{self.upload_id}/{self.number}"
