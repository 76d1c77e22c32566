"""States of requests, verdicts and conditions."""

from __future__ import annotations

from django.db import models


class RequestState(models.TextChoices):
    """What was decided. Whether an approval still holds is worked out from it, see `Held`."""

    OPEN = "open", "Open"
    APPROVED = "approved", "Approved"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"
    REVOKED = "revoked", "Revoked"


class Verdict(models.TextChoices):
    APPROVE = "approve", "Approve"
    APPROVE_WITH_CONDITIONS = "approve_with_conditions", "Approve with conditions"
    REQUEST_CHANGES = "request_changes", "Request changes"
    REJECT = "reject", "Reject"
    RECUSE = "recuse", "Recuse myself"


APPROVING = frozenset({Verdict.APPROVE, Verdict.APPROVE_WITH_CONDITIONS})
REFUSING = frozenset({Verdict.REQUEST_CHANGES, Verdict.REJECT})


class ConditionState(models.TextChoices):
    OPEN = "open", "Open"
    MET = "met", "Met, to be confirmed"
    CONFIRMED = "confirmed", "Confirmed"
    REOPENED = "reopened", "Not met, reopened"


class Ending(models.TextChoices):
    """Why an approval holds no more."""

    EXPIRED = "expired", "It came to its end."
    STALE = "stale", "What was signed has changed."
    CONDITION_OVERDUE = "condition_overdue", "A condition is overdue."
    SIGNER_LEFT = "signer_left", "Somebody whose sign-off is needed has no account any more."
    REVOKED = "revoked", "It was revoked."
    REPLACED = "replaced", "A newer approval took its place."


class Held(models.TextChoices):
    """Where the sign-off of one object stands at a moment; worked out, never stored."""

    NONE = "none", "Never asked for"
    OPEN = "open", "Waiting"
    APPROVED = "approved", "Approved"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"
    REVOKED = "revoked", "Revoked"
    LAPSED = "lapsed", "Lapsed"
    STALE = "stale", "Out of date"
