"""The doors of measuring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.project.door import (
    ACTS_IN_S1,
    MANAGES_S1,
    READS_S1,
    SIGNED_IN,
    Arguments,
    Door,
    a_change,
    a_form,
    a_page,
    acts,
    api_add,
    api_change,
    api_list,
    by_pk,
    case_file,
    manages,
    reads,
    why,
)
from tests.project.doors.systems import SYSTEM

SET = by_pk(lambda world: world.s1.measurement_set, "set_id")
UPLOAD = by_pk(lambda world: world.s1.upload, "upload_id")
VERSION = by_pk(lambda world: world.s1.version, "version_id")
METRIC = by_pk(lambda world: world.s1.metric, "metric_id")
STRESS_TABLES = "measurement_set measurement_set_harms measurement_set_version measurement_case stress_set transformed_case"
STRESS_FORM: Mapping[str, Any] = {"name": "Transformed", "most_cases": 2, "seed": 0, "transforms": ["rot13"]}
METRIC_FORM: Mapping[str, Any] = {
    "name": "Another metric",
    "definition": "Says how.",
    "scale": "content_severity",
    "threshold": 4,
    "kind": "rule",
    "patterns": "6: how to",
    "target_percent": "1.5",
}
SETS = [
    reads("Sets", "List sets", "set-list", SYSTEM),
    a_form("Sets", "Open the form for a set", "set-add", SYSTEM),
    acts("Sets", "Add a set", "set-add", SYSTEM, "measurement_set", sent=lambda world: {"name": "Another set", "sampling": "benign"}),
    reads("Sets", "Read about a set", "set", SET),
    a_form("Sets", "Open the form of a set", "set-edit", SET),
    acts("Sets", "Change a set", "set-edit", SET, "measurement_set measurement_set_harms", sent=lambda world: {"name": "Another set", "sampling": "targeted"}),
    a_form("Sets", "Open the form for a file of cases", "set-import", SET),
    acts(
        "Sets",
        "Upload a file of cases",
        "set-import",
        SET,
        "measurement_set_upload measurement_set_upload_part",
        sent=lambda world: {"file": case_file(), "format": ""},
    ),
    reads("Sets", "Look at an upload", "upload", UPLOAD),
    reads("Sets", "Take an upload's rejected rows away", "upload-rejected", UPLOAD),
    a_change("Sets", "Show an upload's prompts (recorded)", "upload-show", READS_S1, "audit_entry", knows=READS_S1, at=UPLOAD, status=200),
    acts("Sets", "Confirm an upload", "upload-confirm", UPLOAD, "measurement_set_upload measurement_set_version measurement_case"),
    acts("Sets", "Discard an upload", "upload-discard", UPLOAD, "measurement_set_upload measurement_set_upload_part"),
    reads("Sets", "List the cases of a version", "set-version", VERSION),
    a_change("Sets", "Show a version's prompts (recorded)", "set-version-show", READS_S1, "audit_entry", knows=READS_S1, at=VERSION),
    a_change("Sets", "Hide a version's prompts again", "set-version-hide", READS_S1, "", knows=READS_S1, at=VERSION),
    a_change(
        *("Sets", "Take a version's cases away (recorded)", "set-version-export", READS_S1, "audit_entry"),
        knows=READS_S1,
        at=VERSION,
        sent=lambda world: {"format": "csv"},
        status=200,
    ),
    a_form("Sets", "Open the form that transforms a version's cases", "set-version-stress", VERSION),
    acts("Sets", "Transform a version's cases", "set-version-stress", VERSION, STRESS_TABLES, sent=lambda world: STRESS_FORM),
]
METRICS = [
    reads("Metrics", "List metrics", "metric-list", SYSTEM),
    a_form("Metrics", "Open the form for a metric", "metric-add", SYSTEM),
    acts("Metrics", "Add a metric", "metric-add", SYSTEM, "metric metric_version judge judge_version", sent=lambda world: METRIC_FORM),
    acts("Metrics", "Show the fields of a judge in a new metric's form", "metric-add-fields", SYSTEM, "", sent=lambda world: METRIC_FORM, status=200),
    acts("Metrics", "Try a new metric's rules on a text", "metric-add-try", SYSTEM, "", sent=lambda world: {**METRIC_FORM, "try_text": "how to"}, status=200),
    reads("Metrics", "Read about a metric", "metric", METRIC),
    a_form("Metrics", "Open the form for the next version", "metric-revise", METRIC),
    acts("Metrics", "Revise a metric", "metric-revise", METRIC, "metric metric_version judge_version", sent=lambda world: {**METRIC_FORM, "seen": 1}),
    acts(
        *("Metrics", "Show the fields of a judge in a revision's form", "metric-revise-fields", METRIC, ""),
        sent=lambda world: {**METRIC_FORM, "seen": 1},
        status=200,
    ),
    acts(
        *("Metrics", "Try a revision's rules on a text", "metric-revise-try", METRIC, ""),
        sent=lambda world: {**METRIC_FORM, "seen": 1, "try_text": "how to"},
        status=200,
    ),
    a_change("Metrics", "Try rules on a text", "metric-try", READS_S1, "", knows=READS_S1, at=METRIC, sent=lambda world: {"text": "how to"}, status=200),
]
COMPLETED = by_pk(lambda world: world.s1.completed, "run_id")
RUNNING = by_pk(lambda world: world.s1.running, "run_id")
RUN_FORM: Arguments = lambda world: {  # noqa: E731 (one of many)
    "configuration": world.s1.configuration.pk,
    "set_version": world.s1.version.pk,
    "metrics": [world.s1.metric.pk],
    "repeats": 2,
}
OUTPUT = by_pk(lambda world: world.s1.output, "output_id")
ESTIMATE = by_pk(lambda world: world.s1.completed.estimates.get(stratum=""), "estimate_id")
MEASURED: Arguments = lambda world: {"severity": 4, "rationale": "Read the outputs."}  # noqa: E731 (one of many)
RUNS = [
    reads("Runs", "List runs", "run-list", SYSTEM),
    reads("Runs", "Compare two runs", "run-compare", SYSTEM, asked=lambda world: {"first": world.s1.completed.pk}),
    a_form("Runs", "Open the form for a run", "run-add", SYSTEM),
    acts("Runs", "Plan and start a run", "run-add", SYSTEM, "run run_metric lease", sent=RUN_FORM),
    acts("Runs", "See what a run would do", "run-preview", SYSTEM, "", sent=RUN_FORM, status=200),
    reads("Runs", "Read about a run", "run", COMPLETED),
    reads("Runs", "Follow a run", "run-progress", RUNNING, status=302),
    reads("Runs", "Read a run's plan", "run-configuration", COMPLETED),
    reads("Runs", "Read what happened to a run", "run-events", COMPLETED),
    acts("Runs", "Start a run", "run-start", by_pk(lambda world: world.s1.planned, "run_id"), "run lease"),
    acts("Runs", "Pause a run", "run-pause", RUNNING, "run", sent=why),
    acts("Runs", "Resume a run", "run-resume", by_pk(lambda world: world.s1.paused, "run_id"), "run"),
    acts("Runs", "Cancel a run", "run-cancel", RUNNING, "run lease output", sent=why),
    manages(
        *("Runs", "Change a run's budget", "run-budget", RUNNING, "run"),
        sent=lambda world: {"budget_tokens": "1000000", "reason": "More is needed."},
    ),
    reads("Runs", "Read what transforms changed", "run-stress", by_pk(lambda world: world.s1.stressed, "run_id")),
    reads("Runs", "Follow a run's judgings", "run-judgings", COMPLETED),
    acts(
        *("Runs", "Judge a run again", "run-judge", COMPLETED, "judging lease"),
        sent=lambda world: {"metric": world.s1.judging.metric_version.metric_id, "reason": "By another metric too."},
    ),
    acts("Runs", "Pause a judging", "judging-pause", by_pk(lambda world: world.s1.judging, "judging_id"), "judging", sent=why),
    acts("Runs", "Resume a judging", "judging-resume", by_pk(lambda world: world.s1.paused_judging, "judging_id"), "judging"),
    acts("Runs", "Cancel a judging", "judging-cancel", by_pk(lambda world: world.s1.judging, "judging_id"), "judging lease", sent=why),
    reads("Runs", "List a run's outputs", "output-list", COMPLETED),
    a_change(
        *("Runs", "Take a run's outputs away (recorded)", "output-export", READS_S1, "audit_entry"),
        knows=READS_S1,
        at=COMPLETED,
        sent=lambda world: {"format": "json"},
        status=200,
    ),
    reads("Runs", "Read about an output", "output", OUTPUT),
    a_change("Runs", "Show an output's text (recorded)", "output-text", READS_S1, "audit_entry", knows=READS_S1, at=OUTPUT, status=200),
    a_form("Runs", "Open the form for a measured risk", "measured-risk", ESTIMATE),
    acts("Runs", "State the measured risk of a harm", "measured-risk", ESTIMATE, "risk_point harm", sent=MEASURED),
    a_change(
        *("Runs", "Make a candidate for a harm of an output", "output-candidate", READS_S1, "harm_candidate"),
        knows=READS_S1,
        at=OUTPUT,
        sent=lambda world: {"words": "Names guests."},
    ),
]
API_SET = by_pk(lambda world: world.s1.measurement_set)
METRIC_SENT: Arguments = lambda world: {  # noqa: E731 (one of many payloads)
    "system": world.s1.system.pk,
    "name": "New",
    "definition": "Says how.",
    "threshold": 4,
    "judge": {"kind": "rule", "patterns": ["how"]},
}
SETS_API = [
    api_list("API: sets and metrics", "List sets", "measurement-set"),
    api_add("API: sets and metrics", "Add a set", "measurement-set", "measurement_set", lambda world: {"system": world.s1.system.pk, "name": "New"}),
    reads("API: sets and metrics", "Read a set", "api-measurement-set-detail", API_SET),
    api_change("API: sets and metrics", "Change a set", "measurement-set-detail", API_SET, "measurement_set", lambda world: {"name": "Other"}, method="PATCH"),
    Door(
        *("API: sets and metrics", "Import cases", "POST", "api-measurement-set-import-cases", ACTS_IN_S1, READS_S1, API_SET),
        sent=lambda world: {"file": case_file(), "format": "jsonl"},
        changes=frozenset({"measurement_set_version", "measurement_case", "audit_entry", "audit_payload"}),
        is_multipart=True,
    ),
    api_change(
        *("API: sets and metrics", "Make a case of a finding", "measurement-set-findings", API_SET, "measurement_set_version measurement_case"),
        lambda world: {"finding": world.s1.probed.confirmed_finding.pk},
        status=201,
    ),
    api_list("API: sets and metrics", "List set versions", "measurement-set-version"),
    reads("API: sets and metrics", "Read a set version", "api-measurement-set-version-detail", by_pk(lambda world: world.s1.version)),
    api_change(
        *("API: sets and metrics", "Transform a version's cases", "measurement-set-version-stress", by_pk(lambda world: world.s1.version), STRESS_TABLES),
        lambda world: STRESS_FORM,
        status=201,
    ),
    a_page("API: sets and metrics", "List cases with their prompts", "api-case-list", SIGNED_IN, asked=lambda world: {"version": world.s1.version.pk}),
    reads("API: sets and metrics", "Read a case", "api-case-detail", by_pk(lambda world: world.s1.case)),
    api_list("API: sets and metrics", "List metrics", "metric"),
    api_add("API: sets and metrics", "Add a metric", "metric", "metric metric_version judge judge_version", METRIC_SENT),
    reads("API: sets and metrics", "Read a metric", "api-metric-detail", by_pk(lambda world: world.s1.metric)),
    api_change(
        *("API: sets and metrics", "Revise a metric", "metric-revise", by_pk(lambda world: world.s1.metric), "metric metric_version"),
        lambda world: {"definition": "Another."},
    ),
    api_list("API: sets and metrics", "List metric versions", "metric-version"),
    reads("API: sets and metrics", "Read a metric version", "api-metric-version-detail", by_pk(lambda world: world.s1.metric.versions.get())),
    api_list("API: sets and metrics", "List judges", "judge"),
    reads("API: sets and metrics", "Read a judge", "api-judge-detail", by_pk(lambda world: world.s1.metric.versions.get().judge_version.judge)),
]
RUN_SENT: Arguments = lambda world: {  # noqa: E731
    "configuration": world.s1.configuration.pk,
    "measurement_set_version": world.s1.version.pk,
    "metrics": [world.s1.metric.pk],
    "start": True,
}
JUDGING_SENT: Arguments = lambda world: {  # noqa: E731
    "run": world.s1.completed.pk,
    "metric": world.s1.judging.metric_version.metric_id,
    "reason": "Tried by a test.",
}
RUNS_API = [
    api_list("API: runs", "List runs", "run"),
    api_add("API: runs", "Plan and start a run", "run", "run run_metric lease", RUN_SENT),
    reads("API: runs", "Read a run", "api-run-detail", by_pk(lambda world: world.s1.completed)),
    reads("API: runs", "Read what transforms changed", "api-run-stress", by_pk(lambda world: world.s1.stressed)),
    reads(
        "API: runs",
        "Compare with another run",
        "api-run-comparison",
        by_pk(lambda world: world.s1.completed),
        asked=lambda world: {"with": world.s1.completed.pk},
    ),
    api_change("API: runs", "Start a run", "run-start", by_pk(lambda world: world.s1.planned), "run lease"),
    api_change("API: runs", "Pause a run", "run-pause", by_pk(lambda world: world.s1.running), "run"),
    api_change("API: runs", "Resume a run", "run-resume", by_pk(lambda world: world.s1.paused), "run"),
    api_change("API: runs", "Cancel a run", "run-cancel", by_pk(lambda world: world.s1.running), "run lease output", why),
    api_change(
        *("API: runs", "Change a run's budget", "run-budget", by_pk(lambda world: world.s1.running), "run"),
        lambda world: {"budget_tokens": 1_000_000, "reason": "More is needed."},
        may=MANAGES_S1,
    ),
    api_list("API: runs", "List judgings", "judging"),
    api_add("API: runs", "Have a run judged again", "judging", "judging lease", JUDGING_SENT),
    reads("API: runs", "Read a judging", "api-judging-detail", by_pk(lambda world: world.s1.judging)),
    api_change("API: runs", "Pause a judging", "judging-pause", by_pk(lambda world: world.s1.judging), "judging"),
    api_change("API: runs", "Resume a judging", "judging-resume", by_pk(lambda world: world.s1.paused_judging), "judging"),
    api_change("API: runs", "Cancel a judging", "judging-cancel", by_pk(lambda world: world.s1.judging), "judging lease", why),
    a_page("API: runs", "List outputs with their texts", "api-output-list", SIGNED_IN, asked=lambda world: {"run": world.s1.completed.pk}),
    reads("API: runs", "Read an output", "api-output-detail", by_pk(lambda world: world.s1.output)),
    api_change(
        *("API: runs", "State the measured risk of a harm", "run-measured-risk", by_pk(lambda world: world.s1.completed), "risk_point harm"),
        lambda world: {**MEASURED(world), "metric": world.s1.metric.pk},
        status=201,
    ),
    api_change(
        *("API: runs", "Make a candidate for a harm of an output", "output-candidate", by_pk(lambda world: world.s1.output), "harm_candidate"),
        lambda world: {"words": "Names guests."},
        may=READS_S1,
        status=201,
    ),
]

SCHEDULE = by_pk(lambda world: world.s1.schedule, "schedule_id")
SCHEDULE_FORM: Arguments = lambda world: {  # noqa: E731 (one of many)
    "name": "Another schedule",
    "configuration": world.s1.configuration.pk,
    "measurement_set": world.s1.measurement_set.pk,
    "metrics": [world.s1.metric.pk],
    "repeats": 1,
    "rhythm": "weekly",
    "weekday": 0,
    "at_time": "04:30",
    "time_zone": "UTC",
}
SCHEDULES = [
    reads("Schedules", "List schedules", "schedule-list", SYSTEM),
    a_form("Schedules", "Open the form for a schedule", "schedule-add", SYSTEM),
    acts("Schedules", "Add a schedule", "schedule-add", SYSTEM, "schedule schedule_metrics", sent=SCHEDULE_FORM),
    reads("Schedules", "Read about a schedule", "schedule", SCHEDULE),
    a_form("Schedules", "Open the form of a schedule", "schedule-edit", SCHEDULE),
    acts("Schedules", "Change a schedule", "schedule-edit", SCHEDULE, "schedule", sent=SCHEDULE_FORM),
    acts("Schedules", "Switch a schedule off", "schedule-switch-off", SCHEDULE, "schedule", sent=why),
    acts("Schedules", "Switch a schedule on", "schedule-switch-on", by_pk(lambda world: world.s1.off_schedule, "schedule_id"), "schedule", sent=why),
]
API_SCHEDULE = by_pk(lambda world: world.s1.schedule)
SCHEDULE_SENT: Arguments = lambda world: {**SCHEDULE_FORM(world), "system": world.s1.system.pk}  # noqa: E731
SCHEDULES_API = [
    api_list("API: schedules", "List schedules", "schedule"),
    api_add("API: schedules", "Add a schedule", "schedule", "schedule schedule_metrics", SCHEDULE_SENT),
    reads("API: schedules", "Read a schedule", "api-schedule-detail", API_SCHEDULE),
    api_change("API: schedules", "Change a schedule", "schedule-detail", API_SCHEDULE, "schedule", lambda world: {"repeats": 2}, method="PATCH"),
    api_change("API: schedules", "Switch a schedule off", "schedule-switch-off", API_SCHEDULE, "schedule", why),
    api_change("API: schedules", "Switch a schedule on", "schedule-switch-on", by_pk(lambda world: world.s1.off_schedule), "schedule", why),
    api_list("API: schedules", "List due times", "due-time"),
    reads("API: schedules", "Read a due time", "api-due-time-detail", by_pk(lambda world: world.s1.due_time)),
]
