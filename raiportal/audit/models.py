"""Entries and their payloads, the segments that seal them, and what verifying them found.

An entry says who did what to which object, and holds a salted digest of its payload; the payload (the object's label, changed fields, reason) lies in
a second table, which erasure may blank while the entry stays true. Triggers refuse UPDATE, DELETE and TRUNCATE on entries, payloads and segments.
"""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from raiportal.accounts.models import Scope, ScopedQuerySet, User

DIGEST_SHAPE = "^[0-9a-f]{64}$"  # SHA-256 in hexadecimal


class EntryQuerySet(ScopedQuerySet):
    scope_lookup = "scope_id"

    def about(self, kind: str, pk: int) -> EntryQuerySet:
        return self.filter(subject_kind=kind, subject_id=pk)  # type: ignore[no-any-return]


class Entry(models.Model):
    """One thing done, by whom, to what. Never changed, never removed. The database gives `id` and `digest`, whatever is said here."""

    at = models.DateTimeField(db_default=Now())
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)  # null = nobody signed in
    action = models.CharField(max_length=80)  # "systems.deployment_changed": app, then noun and what happened to it
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)  # null = the organisation
    subject_kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField(null=True)
    subject_label = models.CharField(max_length=200, blank=True, default="")  # empty: labels lie in the payload, where they can be erased
    request_id = models.CharField(max_length=64, blank=True)
    token_id = models.BigIntegerField(null=True)  # the API token that was used, if one was
    payload_digest = models.CharField(max_length=64)
    refusal_key = models.CharField(max_length=200, null=True, unique=True)  # one refusal a person, object and minute
    digest = models.CharField(max_length=64, default="", editable=False)  # over all the other columns

    objects = EntryQuerySet.as_manager()

    class Meta:
        db_table = "audit_entry"
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="entry_subject"),
            models.Index(fields=["scope", "-id"], name="entry_scope"),
            models.Index(fields=["actor", "-id"], name="entry_actor"),
            models.Index(fields=["action", "-id"], name="entry_action"),
        ]
        constraints = [
            models.CheckConstraint(name="entry_digest_shape", condition=Q(payload_digest__regex=DIGEST_SHAPE)),
            models.CheckConstraint(name="entry_own_digest_shape", condition=Q(digest__regex=DIGEST_SHAPE)),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_kind} {self.subject_id or ''}".rstrip()


class Payload(models.Model):
    """What an entry says in detail: `subject` (the object's label then), `changes` {field: [before, after]}, `reason`, `details`.

    Erased: salt and body are empty, and `erased_by` is the entry that vouches for it.
    """

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, primary_key=True, related_name="payload")
    salt = models.CharField(max_length=32)
    body = models.JSONField(encoder=DjangoJSONEncoder)
    erased_by = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        db_table = "audit_payload"

    def __str__(self) -> str:
        return f"payload of {self.entry_id}"


class Segment(models.Model):
    """A sealed stretch of the ledger: all entries from `first_id` to `last_id`, chained to the segment before and signed.

    Segments leave no id out between them. `digest` is over all the columns before it, and the signature (Ed25519, base64) over the same text.
    """

    number = models.BigIntegerField(primary_key=True)  # from 1 on, without gaps
    first_id = models.BigIntegerField(unique=True)
    last_id = models.BigIntegerField(unique=True)
    count = models.PositiveIntegerField()
    entries_digest = models.CharField(max_length=64)
    previous_digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()
    key_id = models.CharField(max_length=16)  # begin of the SHA-256 of the public key
    digest = models.CharField(max_length=64, unique=True)
    signature = models.CharField(max_length=88)

    class Meta:
        db_table = "audit_segment"
        constraints = [
            models.CheckConstraint(name="segment_numbers_start_at_one", condition=Q(number__gte=1)),
            models.CheckConstraint(name="segment_holds_entries", condition=Q(count__gte=1, last_id__gte=F("first_id"))),
            models.CheckConstraint(
                name="segment_digest_shapes",
                condition=Q(entries_digest__regex=DIGEST_SHAPE, previous_digest__regex=DIGEST_SHAPE, digest__regex=DIGEST_SHAPE),
            ),
        ]

    def __str__(self) -> str:
        return f"segment {self.number}"


class Verification(models.Model):
    """One check of the whole ledger, and what it found; `problems` holds the first of them as sentences."""

    at = models.DateTimeField(db_default=Now())
    is_ok = models.BooleanField()
    entries = models.PositiveBigIntegerField()
    segments = models.PositiveBigIntegerField()
    problem_count = models.PositiveIntegerField()
    problems = models.JSONField(default=list)
    seconds = models.FloatField()

    class Meta:
        db_table = "audit_verification"

    def __str__(self) -> str:
        return f"verification {self.pk}"
