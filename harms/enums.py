"""Words of harms."""

from __future__ import annotations

from django.db import models


class Origin(models.TextChoices):
    """Where a harm comes from."""

    MODEL = "model", "Model"
    APPLICATION = "application", "Application"
    SCENARIO = "scenario", "Scenario"


class HarmState(models.TextChoices):
    PROPOSED = "proposed", "Proposed"
    ASSESSED = "assessed", "Assessed"


class Axis(models.TextChoices):
    SEVERITY = "severity", "Severity"
    FREQUENCY = "frequency", "Frequency"


class RiskPointKind(models.TextChoices):
    """When a harm's risk was stated: before anything is done, by measuring, after verified mitigations, from operation."""

    INHERENT = "inherent", "Inherent"
    MEASURED = "measured", "Measured"
    RESIDUAL = "residual", "Residual"
    OBSERVED = "observed", "Observed"
