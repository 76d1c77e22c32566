"""Entries and their payloads.

An entry says who did what to which object, and holds a salted digest of its payload; the payload (changed fields, reason) lies in a
second table, which erasure may blank one day while the entry stays true. A trigger refuses UPDATE, DELETE and TRUNCATE on both.
"""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts.models import Scope, ScopedQuerySet, User


class EntryQuerySet(ScopedQuerySet):
    scope_lookup = "scope_id"

    def about(self, kind: str, pk: int) -> EntryQuerySet:
        return self.filter(subject_kind=kind, subject_id=pk)  # type: ignore[no-any-return]


class Entry(models.Model):
    """One thing done, by whom, to what. Never changed, never removed."""

    at = models.DateTimeField(db_default=Now())
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)  # null = nobody signed in
    action = models.CharField(max_length=80)  # "systems.deployment_changed": app, then noun and what happened to it
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)  # null = the organisation
    subject_kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField(null=True)
    subject_label = models.CharField(max_length=200)
    request_id = models.CharField(max_length=64, blank=True)
    token_id = models.BigIntegerField(null=True)  # the API token that was used, if one was
    payload_digest = models.CharField(max_length=64)
    refusal_key = models.CharField(max_length=200, null=True, unique=True)  # one refusal a person, object and minute

    objects = EntryQuerySet.as_manager()

    class Meta:
        db_table = "audit_entry"
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="entry_subject"),
            models.Index(fields=["scope", "-id"], name="entry_scope"),
            models.Index(fields=["actor", "-id"], name="entry_actor"),
            models.Index(fields=["action", "-id"], name="entry_action"),
        ]
        constraints = [models.CheckConstraint(name="entry_digest_shape", condition=Q(payload_digest__regex="^[0-9a-f]{64}$"))]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_label}"


class Payload(models.Model):
    """What an entry says in detail: `changes` {field: [before, after]}, `reason`, `details`."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, primary_key=True, related_name="payload")
    salt = models.CharField(max_length=32)
    body = models.JSONField(encoder=DjangoJSONEncoder)

    class Meta:
        db_table = "audit_payload"

    def __str__(self) -> str:
        return f"payload of {self.entry_id}"
