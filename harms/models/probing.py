"""Probe sessions and their turns: everything that was sent, and everything that came back."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from harms.enums import SessionKind, SessionResult, SessionState, TestedLayer, TurnOutcome, TurnProgress, Verdict
from harms.models.campaigns import Campaign, Objective, OfCampaignQuerySet
from harms.models.register import Harm
from raiportal.accounts.models import ScopedQuerySet, User
from systems.models import Configuration

LONGEST_PROMPT = 20_000  # characters
LONGEST_TRANSCRIPT_TEXT = 100_000
UNDER_WAY = (TurnProgress.WAITING, TurnProgress.SENDING)


class ProbeSession(models.Model):
    """One conversation of a campaign: held live in the console, brought from elsewhere, or a finding played again.

    A live one records the configuration, so the exact metaprompt, filters and parameters. `harm`, `layer` and the turns' strategies say what was
    tried, so that a session in which nothing was found counts as much as one in which something was.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="sessions", db_index=False)
    kind = models.CharField(max_length=20, choices=SessionKind.choices, default=SessionKind.LIVE)
    state = models.CharField(max_length=20, choices=SessionState.choices, default=SessionState.OPEN)
    tester = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="+", null=True)
    harm = models.ForeignKey(Harm, on_delete=models.PROTECT, related_name="+")
    objective = models.ForeignKey(Objective, on_delete=models.PROTECT, related_name="+", null=True)
    layer = models.CharField(max_length=20, choices=TestedLayer.choices)
    language = models.CharField(max_length=35, blank=True)
    goal = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=200, blank=True)  # of a transcript: the tool or place that it came from
    result = models.CharField(max_length=20, choices=SessionResult.choices, blank=True)
    finding = models.ForeignKey("harms.Finding", on_delete=models.PROTECT, related_name="replays", null=True)  # of a replay
    is_reproduced = models.BooleanField(null=True)  # of a replay, as a person judged it
    judged_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = OfCampaignQuerySet.as_manager()

    class Meta:
        db_table = "probe_session"
        constraints = [
            models.CheckConstraint(
                name="probe_session_ended_with_result",
                condition=Q(state=SessionState.OPEN, ended_at=None, result="") | Q(state=SessionState.ENDED, ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="probe_session_replays_a_finding",
                condition=Q(kind=SessionKind.REPLAY, finding__isnull=False) | ~Q(kind=SessionKind.REPLAY) & Q(finding=None),
            ),
            models.CheckConstraint(name="probe_session_calls_a_configuration", condition=Q(kind=SessionKind.TRANSCRIPT) | Q(configuration__isnull=False)),
            models.CheckConstraint(name="probe_session_names_its_source", condition=~Q(kind=SessionKind.TRANSCRIPT) | ~Q(source="")),
            models.CheckConstraint(
                name="probe_session_judged_by_somebody",
                condition=Q(is_reproduced=None, judged_by=None) | Q(is_reproduced__isnull=False, judged_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(F("campaign"), F("id").desc(), name="probe_session_newest"),
            models.Index(F("tester"), F("state"), name="probe_session_of_tester"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        return f"PS-{self.pk}"

    @property
    def audit_scope_id(self) -> int:
        return self.campaign.system_id


class TurnQuerySet(ScopedQuerySet):
    scope_lookup = "session__campaign__system_id"


class Turn(models.Model):
    """One message of a tester and what came back. `key` comes from who sends: the same one again is the same turn.

    Provider facts are as of the last attempt. `body` is what the provider said, whole. Texts are deleted once the time that the charter gives is over:
    `texts_digest` is the SHA-256 of what they were, as `digest_of_texts` works it out.
    """

    session = models.ForeignKey(ProbeSession, on_delete=models.PROTECT, related_name="turns", db_index=False)
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    text = models.TextField(max_length=LONGEST_TRANSCRIPT_TEXT)
    strategies = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    note = models.CharField(max_length=2_000, blank=True)
    progress = models.CharField(max_length=20, choices=TurnProgress.choices, default=TurnProgress.WAITING)
    attempt_count = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)  # the last attempt
    gives_up_at = models.DateTimeField(null=True)  # after this moment nobody waits for the answer any more
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=TurnOutcome.choices, blank=True)
    answer = models.TextField(blank=True)
    refusal = models.TextField(blank=True)
    reason = models.CharField(max_length=40, blank=True)  # why it failed, in the provider's or the portal's terms
    detail = models.TextField(blank=True)
    finish_reason = models.CharField(max_length=300, blank=True)
    filters: Any = models.JSONField(default=dict)
    model_reported = models.CharField(max_length=300, blank=True)
    fingerprint = models.CharField(max_length=300, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    body: Any = models.JSONField(null=True)
    verdict = models.CharField(max_length=20, choices=Verdict.choices, blank=True)
    texts_deleted_at = models.DateTimeField(null=True)
    texts_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = TurnQuerySet.as_manager()

    class Meta:
        db_table = "probe_turn"
        constraints = [
            models.UniqueConstraint(name="probe_turn_number", fields=["session", "number"]),
            models.UniqueConstraint(name="probe_turn_key", fields=["session", "key"]),
            models.UniqueConstraint(name="probe_turn_one_under_way", fields=["session"], condition=Q(progress__in=UNDER_WAY)),
            models.CheckConstraint(
                name="probe_turn_texts_deleted",
                condition=Q(texts_deleted_at=None, texts_digest="")
                | Q(texts_deleted_at__isnull=False, text="", answer="", refusal="", detail="", note="", body__isnull=True) & ~Q(texts_digest=""),
            ),
            models.CheckConstraint(
                name="probe_turn_done_with_outcome", condition=Q(progress=TurnProgress.DONE) & ~Q(outcome="") | ~Q(progress=TurnProgress.DONE) & Q(outcome="")
            ),
        ]
        indexes = [
            models.Index(F("created_by"), F("created_at"), name="probe_turn_of_tester"),
            models.Index(F("progress"), F("sent_at"), name="probe_turn_under_way", condition=Q(progress__in=UNDER_WAY)),
            GinIndex(name="probe_turn_strategies", fields=["strategies"]),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}/{self.number}"

    @property
    def audit_scope_id(self) -> int:
        return self.session.campaign.system_id

    @property
    def is_under_way(self) -> bool:
        return self.progress in UNDER_WAY

    @property
    def digest_of_texts(self) -> str:
        """SHA-256 of what was sent and came back, as JSON: somebody who kept a copy can show that it is the same."""
        said = {"text": self.text, "answer": self.answer, "refusal": self.refusal}
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def said_back(self) -> str:
        """What the system said, if it said anything."""
        return self.answer or self.refusal
