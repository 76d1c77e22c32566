"""What measuring keeps: sets and their versions, metrics and judges, runs, their outputs and judging, judgements and estimates, schedules, stress sets."""

from measurements.models.metrics import Judge, JudgeVersion, Metric, MetricVersion
from measurements.models.results import Estimate, Judgement, OutsideLabeller
from measurements.models.runs import Attempt, Circuit, Grant, Judging, Lease, Output, Run, RunMetric, Vote
from measurements.models.schedules import DueTime, Schedule
from measurements.models.sets import Case, MeasurementSet, MeasurementSetVersion, SetUpload, SetUploadPart
from measurements.models.stress import StressSet, TransformedCase

__all__ = [
    "Attempt",
    "Case",
    "Circuit",
    "DueTime",
    "Estimate",
    "Grant",
    "Judge",
    "JudgeVersion",
    "Judgement",
    "Judging",
    "Lease",
    "MeasurementSet",
    "MeasurementSetVersion",
    "Metric",
    "MetricVersion",
    "Output",
    "OutsideLabeller",
    "Run",
    "RunMetric",
    "Schedule",
    "SetUpload",
    "SetUploadPart",
    "StressSet",
    "TransformedCase",
    "Vote",
]
