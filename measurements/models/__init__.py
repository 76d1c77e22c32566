"""What measuring keeps: sets and their versions, metrics and judges, runs and their outputs, judgements and estimates."""

from measurements.models.metrics import Judge, JudgeVersion, Metric, MetricVersion
from measurements.models.results import Estimate, Judgement
from measurements.models.runs import Attempt, Grant, Lease, Output, Run, RunMetric
from measurements.models.sets import Case, MeasurementSet, MeasurementSetVersion, SetUpload, SetUploadPart

__all__ = [
    "Attempt",
    "Case",
    "Estimate",
    "Grant",
    "Judge",
    "JudgeVersion",
    "Judgement",
    "Lease",
    "MeasurementSet",
    "MeasurementSetVersion",
    "Metric",
    "MetricVersion",
    "Output",
    "Run",
    "RunMetric",
    "SetUpload",
    "SetUploadPart",
]
