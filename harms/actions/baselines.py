"""Freezing the state of a register."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from harms import policies, selectors
from harms.models import Baseline
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_text
from systems.models import AISystem

NO_TITLE = "Give the baseline a name that says what it is for."


@transaction.atomic
def make_baseline(*, system: AISystem, title: str, reason: str = "", actor: User) -> Baseline:
    """Keep a system's register as it is now, under a name. Two that are made at once get different numbers. Raises PolicyDenied, Invalid."""
    locked: AISystem = AISystem.objects.lock(system.pk)
    policies.may_make_baseline(actor, locked).require()
    named = require_text(title, field="title", sentence=NO_TITLE)[:160]
    content = selectors.content_of(locked)
    latest = Baseline.objects.filter(system=locked).order_by("-number").values_list("number", flat=True).first()
    baseline = Baseline.objects.create(
        system=locked,
        number=(latest or 0) + 1,
        title=named,
        reason=reason.strip(),
        content=content,
        digest=digest_of(content),
        harm_count=len(content["harms"]),
        made_by=actor,
    )
    details: dict[str, Any] = {"number": baseline.number, "title": named, "digest": baseline.digest, "harms": baseline.harm_count}
    ledger.record("harms.baseline_made", subject=baseline, actor=actor, reason=baseline.reason, **details)
    return baseline


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content as canonical JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
