"""What the pages of Settings read beyond accounts themselves."""

from __future__ import annotations

from collections.abc import Sequence

from raiportal.audit.models import Entry

ADDED = "accounts.user_added"


def purposes_of(user_ids: Sequence[int]) -> dict[int, str]:
    """By user id, what a service account was added for, as the ledger has it; in one query."""
    entries = Entry.objects.filter(action=ADDED, subject_kind="accounts.user", subject_id__in=user_ids).select_related("payload")
    return {entry.subject_id: str((entry.payload.body or {}).get("reason", "")) for entry in entries if entry.subject_id is not None}
