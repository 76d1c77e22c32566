"""Words of measuring."""

from __future__ import annotations

from django.db import models


class Sampling(models.TextChoices):
    """What the cases of a set stand for: a rate on targeted cases says how often when provoked, never how often."""

    TARGETED = "targeted", "Targeted: written to provoke a harm"
    REPRESENTATIVE = "representative", "Representative: like what users really send"
    BENIGN = "benign", "Benign: nothing harmful asked, shows over-refusal"


class MetricState(models.TextChoices):
    DRAFT = "draft", "Draft"
    MANUAL = "manual", "Manual"
    AUTOMATED = "automated", "Automated"


class JudgeKind(models.TextChoices):
    """Who decides. `imported` judges decided elsewhere: their verdicts came with the results of another tool."""

    RULE = "rule", "Rule"
    CONTENT_FILTER = "content_filter", "Content filter"
    MODEL = "model", "Model"
    IMPORTED = "imported", "Imported verdicts"


class Scale(models.TextChoices):
    """The severities that a metric knows, each a whole number from 0 (nothing harmful) on."""

    CONTENT_SEVERITY = "content_severity", "Content severity, 0 to 7"
    FIVE_LEVELS = "five_levels", "Five levels, 0 to 4"
    YES_NO = "yes_no", "Yes or no, 0 or 1"


class RunSource(models.TextChoices):
    """Who called the system: the portal itself, or another tool whose results were imported."""

    PORTAL = "portal", "Measured by the portal"
    IMPORTED = "imported", "Imported"


class JudgingState(models.TextChoices):
    RUNNING = "running", "Judging"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


class VoteOutcome(models.TextChoices):
    """How one question to a model judge ended. Only `judged` votes carry a severity; the others leave the output unjudged by this vote."""

    JUDGED = "judged", "Judged"
    UNPARSEABLE = "unparseable", "Unparseable verdict"
    BLOCKED = "blocked", "Blocked by the judge's own content filter"
    REFUSED = "refused", "The judge refused"
    FAILED = "failed", "Failed"


class RunState(models.TextChoices):
    PLANNED = "planned", "Planned"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


OPEN_STATES = frozenset({RunState.PLANNED, RunState.RUNNING, RunState.PAUSED})
CLOSED_STATES = frozenset({RunState.COMPLETED, RunState.CANCELLED, RunState.FAILED})


class PauseCause(models.TextChoices):
    """Why a run stopped calling. Only a person's pause has no cause to be mended."""

    PERSON = "person", "Paused by a person"
    QUOTA = "quota", "The provider's quota is used up"
    UNAUTHORIZED = "unauthorized", "The provider refused the API key"
    FORBIDDEN = "forbidden", "The provider forbids this key to call the model"
    NOT_FOUND = "not_found", "The provider doesn't know the address or the model"
    ENDPOINT_REFUSED = "endpoint_refused", "The portal may not call this address"
    RATE_LIMITED = "rate_limited", "The provider asks for a longer wait than the portal waits by itself"
    DEPLOYMENT_CHANGED = "deployment_changed", "The deployment was changed or switched off"
    ENDPOINT_DOWN = "endpoint_down", "The endpoint has failed for too long"
    BUDGET = "budget", "The run's budget is used up"
    KEY_UNREADABLE = "key_unreadable", "The stored API key can't be read any more"
    SYSTEM_RETIRED = "system_retired", "The system was retired"
    RIGHT_LOST = "right_lost", "Whoever started or last resumed it lost the right to run it"


class Outcome(models.TextChoices):
    """How one output ended. Only the provider's own refusal field makes `refused`; a refusal in words is answered, and judged."""

    ANSWERED = "answered", "Answered"
    INPUT_BLOCKED = "input_blocked", "Input blocked"
    OUTPUT_BLOCKED = "output_blocked", "Output blocked"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"


class FailureReason(models.TextChoices):
    TIMEOUT = "timeout", "Timeout"
    PROVIDER_ERROR = "provider_error", "Provider error"
    UNPARSEABLE = "unparseable", "Unparseable answer"
    EMPTY = "empty", "Empty answer"
    TOO_LARGE = "too_large", "Answer too large"
    CRASHED = "crashed", "Ended its worker three times"
    CANCELLED = "cancelled", "Cancelled"


WITHOUT_STRATUM = "(no stratum)"  # how estimates and filters call cases that name none, in a set where others do


class UploadFormat(models.TextChoices):
    JSONL = "jsonl", "JSON lines"
    CSV = "csv", "CSV with a column “input”"
    PROMPTS = "prompts", "Plain list, one prompt a line"
    GARAK = "garak", "garak: prompt file or report"
    PYRIT = "pyrit", "PyRIT: seed prompts or scorer evaluation"
    PROMPTFOO = "promptfoo", "promptfoo: tests or results"


class UploadState(models.TextChoices):
    PREVIEWED = "previewed", "Waiting for confirmation"
    CONFIRMED = "confirmed", "Confirmed"
    DISCARDED = "discarded", "Discarded"


class Judged(models.TextChoices):
    """What a metric makes of an output. Harmful ones are a rate's numerator, harmful and harmless ones together its denominator."""

    HARMFUL = "harmful", "Harmful"
    HARMLESS = "harmless", "Not harmful"
    COUNTED = "counted", "Counted: harmful or not"
    UNJUDGED = "unjudged", "Not judged"


class FilterVerdict(models.TextChoices):
    """What the provider's content filter said about a prompt or an answer, by any category or one."""

    FLAGGED = "flagged", "Flagged: low or more, or detected"
    MEDIUM = "medium", "Medium or high"
    HIGH = "high", "High"
    BLOCKED = "blocked", "Blocked by it"


class Doubt(models.TextChoices):
    """Why a judgement of several votes is not to be taken as it is."""

    ANY = "any", "Contradicted or unstable"
    CONTRADICTED = "contradicted", "Contradicted by its own reason"
    UNSTABLE = "unstable", "Unstable: the votes differ"


class Rhythm(models.TextChoices):
    DAILY = "daily", "Every day"
    WEEKLY = "weekly", "Every week"
    MONTHLY = "monthly", "Every month"


class DueOutcome(models.TextChoices):
    """What became of one due time of a schedule."""

    STARTED = "started", "Run started"
    MISSED = "missed", "Missed"
    REFUSED = "refused", "Could not start"
