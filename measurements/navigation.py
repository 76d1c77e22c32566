"""What the rail shows of measuring."""

from __future__ import annotations

from measurements.selectors import metrics, runs, schedules, sets
from raiportal.look.navigation import NavigationItem

ITEMS = (
    # --- Sets and metrics ---
    NavigationItem(slug="sets", label="Sets", stage="measure", url_name="set-list", order=20, count=lambda user, system: sets.set_count(system)),
    NavigationItem(slug="metrics", label="Metrics", stage="measure", url_name="metric-list", order=30, count=lambda user, system: metrics.metric_count(system)),
    # --- Runs ---
    NavigationItem(slug="runs", label="Runs", stage="measure", url_name="run-list", order=40, count=lambda user, system: runs.run_count(system)),
    # --- Schedules ---
    NavigationItem(
        slug="schedules", label="Schedules", stage="measure", url_name="schedule-list", order=50, count=lambda user, system: schedules.schedule_count(system)
    ),
)
