"""Answers kept for `Idempotency-Key`, so that a repeated request has one effect and one answer."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from raiportal.accounts.models import User


class IdempotentAnswer(models.Model):
    """What was answered to one person's request with one key. `fingerprint` tells a repetition from another request with the same key."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "api_idempotent_answer"
        constraints = [models.UniqueConstraint(name="idempotent_answer_once", fields=["user", "key"])]

    def __str__(self) -> str:
        return self.key
