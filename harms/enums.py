"""Words of harms."""

from __future__ import annotations

from django.db import models


class Origin(models.TextChoices):
    """Where a harm comes from."""

    MODEL = "model", "Model"
    APPLICATION = "application", "Application"
    SCENARIO = "scenario", "Scenario"


class HarmState(models.TextChoices):
    """Where a harm stands. It is accepted through a sign-off alone, and never for good."""

    PROPOSED = "proposed", "Proposed"
    ASSESSED = "assessed", "Assessed"
    IN_TREATMENT = "in_treatment", "In treatment"
    ACCEPTED = "accepted", "Accepted"
    RESOLVED = "resolved", "Resolved"
    MERGED = "merged", "Merged into another"


OPEN_STATES = (HarmState.PROPOSED, HarmState.ASSESSED, HarmState.IN_TREATMENT)  # something is still to be done about it


class Treatment(models.TextChoices):
    """What is done about a harm."""

    MITIGATE = "mitigate", "Mitigate"
    ACCEPT = "accept", "Accept"
    AVOID = "avoid", "Avoid"
    TRANSFER = "transfer", "Transfer"


class CandidateSource(models.TextChoices):
    """Where something came from that may be a harm."""

    FINDING = "finding", "Red-team finding"
    OUTPUT = "output", "Output of a run"
    INCIDENT = "incident", "Incident"
    FEEDBACK = "feedback", "Feedback"
    TELEMETRY = "telemetry", "Telemetry"
    PERSON = "person", "Somebody's note"


class CandidateState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    NEW_HARM = "new_harm", "Became a harm"
    LINKED = "linked", "Known harm"
    DISMISSED = "dismissed", "Dismissed"


class Axis(models.TextChoices):
    SEVERITY = "severity", "Severity"
    FREQUENCY = "frequency", "Frequency"


class RiskPointKind(models.TextChoices):
    """When a harm's risk was stated: before anything is done, by measuring, after verified mitigations, from operation."""

    INHERENT = "inherent", "Inherent"
    MEASURED = "measured", "Measured"
    RESIDUAL = "residual", "Residual"
    OBSERVED = "observed", "Observed"


class ImportFormat(models.TextChoices):
    CSV = "csv", "CSV"
    JSON = "json", "JSON"


class UploadState(models.TextChoices):
    PREVIEWED = "previewed", "Waiting for confirmation"
    CONFIRMED = "confirmed", "Confirmed"
    DISCARDED = "discarded", "Discarded"


class AssessmentState(models.TextChoices):
    WRITING = "writing", "Being written"
    CLOSED = "closed", "Closed"
    DISCARDED = "discarded", "Discarded"


class RoundState(models.TextChoices):
    """Of a rating round: blind while it is open."""

    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Confidence(models.TextChoices):
    """How sure a rater is."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class CampaignState(models.TextChoices):
    DRAFT = "draft", "Draft"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    CLOSED = "closed", "Closed"
    DISCARDED = "discarded", "Discarded"


ENDED_CAMPAIGNS = (CampaignState.CLOSED, CampaignState.DISCARDED)


class Approach(models.TextChoices):
    """How a campaign looks for harms. Only a systematic one tries every objective on purpose; an opportunistic one says that a harm exists, never how often."""

    OPPORTUNISTIC = "opportunistic", "Opportunistic"
    SYSTEMATIC = "systematic", "Systematic"


class TestedLayer(models.TextChoices):
    """What a session tries to get past."""

    MODEL = "model", "The model alone"
    SAFETY_SYSTEM = "safety_system", "The model with its filters"
    APPLICATION = "application", "The whole application"
    INTERFACE = "interface", "The interface as people use it"


class SessionKind(models.TextChoices):
    LIVE = "live", "Live"
    TRANSCRIPT = "transcript", "Transcript"
    REPLAY = "replay", "Replay"


class SessionState(models.TextChoices):
    OPEN = "open", "Open"
    ENDED = "ended", "Ended"


class SessionResult(models.TextChoices):
    FOUND = "found", "Something found"
    NOTHING_FOUND = "nothing_found", "Nothing found"
    BROKEN_OFF = "broken_off", "Broken off"


class TurnProgress(models.TextChoices):
    """How far a turn is on its way. A lost one left the portal or was about to, and nobody knows what became of it: it can be sent again."""

    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being answered"
    DONE = "done", "Done"
    LOST = "lost", "Lost"


class TurnOutcome(models.TextChoices):
    """How a turn ended; "refused" is the provider's own refusal field, a refusal in words is a matter of judgement."""

    ANSWERED = "answered", "Answered"
    INPUT_BLOCKED = "input_blocked", "Input blocked"
    OUTPUT_BLOCKED = "output_blocked", "Output blocked"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"


class Verdict(models.TextChoices):
    """What the tester says of one attempt."""

    SUCCEEDED = "succeeded", "The attack succeeded"
    RESISTED = "resisted", "The system held"
    UNCLEAR = "unclear", "Unclear"


class FindingState(models.TextChoices):
    OPEN = "open", "Waits for triage"
    CONFIRMED = "confirmed", "Confirmed"
    DISMISSED = "dismissed", "Dismissed"
    DUPLICATE = "duplicate", "Duplicate"


class OpinionVerdict(models.TextChoices):
    AGREES = "agrees", "Agrees"
    DISAGREES = "disagrees", "Disagrees"
