"""The API of measuring: sets and their cases, metrics and judges, runs, their judgings and outputs. One router for all of them."""

from __future__ import annotations

from measurements.api import judges, judgings, metrics, outputs, runs, schedules, sets
from raiportal.api.urls import BothSlashes

router = BothSlashes()

# --- Sets and metrics ---
router.register("measurement-sets", sets.MeasurementSets, basename="api-measurement-set")
router.register("measurement-set-versions", sets.SetVersions, basename="api-measurement-set-version")
router.register("cases", sets.Cases, basename="api-case")
router.register("metrics", metrics.Metrics, basename="api-metric")
router.register("metric-versions", metrics.MetricVersions, basename="api-metric-version")
router.register("judges", judges.Judges, basename="api-judge")

# --- Runs and outputs ---
router.register("runs", runs.Runs, basename="api-run")
router.register("judgings", judgings.Judgings, basename="api-judging")
router.register("outputs", outputs.Outputs, basename="api-output")

# --- Schedules ---
router.register("schedules", schedules.Schedules, basename="api-schedule")
router.register("due-times", schedules.DueTimes, basename="api-due-time")

urlpatterns = router.urls
