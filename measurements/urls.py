"""Addresses of the pages of measuring."""

from __future__ import annotations

from django.urls import path

from measurements.views import candidates, comparisons, judgings, measured_risk, metrics, outputs, promotions, runs, schedules, sets, stress, uploads

urlpatterns = [
    # --- Sets and metrics ---
    path("systems/<int:system_id>/sets/", sets.set_list, name="set-list"),
    path("systems/<int:system_id>/sets/add/", sets.set_add, name="set-add"),
    path("sets/<int:set_id>/", sets.measurement_set, name="set"),
    path("sets/<int:set_id>/edit/", sets.set_edit, name="set-edit"),
    path("sets/<int:set_id>/import/", uploads.set_import, name="set-import"),
    path("uploads/<int:upload_id>/", uploads.upload, name="upload"),
    path("uploads/<int:upload_id>/show/", uploads.upload_show, name="upload-show"),
    path("uploads/<int:upload_id>/confirm/", uploads.upload_confirm, name="upload-confirm"),
    path("uploads/<int:upload_id>/discard/", uploads.upload_discard, name="upload-discard"),
    path("uploads/<int:upload_id>/rejected/", uploads.upload_rejected, name="upload-rejected"),
    path("set-versions/<int:version_id>/", sets.set_version, name="set-version"),
    path("set-versions/<int:version_id>/show/", sets.set_version_show, name="set-version-show"),
    path("set-versions/<int:version_id>/hide/", sets.set_version_hide, name="set-version-hide"),
    path("set-versions/<int:version_id>/export/", sets.set_version_export, name="set-version-export"),
    path("set-versions/<int:version_id>/stress/", stress.set_version_stress, name="set-version-stress"),
    path("systems/<int:system_id>/metrics/", metrics.metric_list, name="metric-list"),
    path("systems/<int:system_id>/metrics/add/", metrics.metric_add, name="metric-add"),
    path("systems/<int:system_id>/metrics/add/fields/", metrics.metric_add_fields, name="metric-add-fields"),
    path("systems/<int:system_id>/metrics/add/try/", metrics.metric_add_try, name="metric-add-try"),
    path("metrics/<int:metric_id>/", metrics.metric, name="metric"),
    path("metrics/<int:metric_id>/revise/", metrics.metric_revise, name="metric-revise"),
    path("metrics/<int:metric_id>/revise/fields/", metrics.metric_revise_fields, name="metric-revise-fields"),
    path("metrics/<int:metric_id>/revise/try/", metrics.metric_revise_try, name="metric-revise-try"),
    path("metrics/<int:metric_id>/try/", metrics.metric_try, name="metric-try"),
    # --- Runs ---
    path("systems/<int:system_id>/runs/", runs.run_list, name="run-list"),
    path("systems/<int:system_id>/runs/add/", runs.run_add, name="run-add"),
    path("systems/<int:system_id>/runs/preview/", runs.run_preview, name="run-preview"),
    path("systems/<int:system_id>/runs/compare/", comparisons.run_compare, name="run-compare"),
    path("runs/<int:run_id>/", runs.run, name="run"),
    path("runs/<int:run_id>/progress/", runs.run_progress, name="run-progress"),
    path("runs/<int:run_id>/configuration/", runs.run_configuration, name="run-configuration"),
    path("runs/<int:run_id>/stress/", stress.run_stress, name="run-stress"),
    path("runs/<int:run_id>/events/", runs.run_events, name="run-events"),
    path("runs/<int:run_id>/start/", runs.run_start_now, name="run-start"),
    path("runs/<int:run_id>/pause/", runs.run_pause, name="run-pause"),
    path("runs/<int:run_id>/resume/", runs.run_resume, name="run-resume"),
    path("runs/<int:run_id>/cancel/", runs.run_cancel, name="run-cancel"),
    path("runs/<int:run_id>/budget/", runs.run_budget, name="run-budget"),
    # --- Judgings ---
    path("runs/<int:run_id>/judgings/", judgings.run_judgings, name="run-judgings"),
    path("runs/<int:run_id>/judge/", judgings.run_judge, name="run-judge"),
    path("judgings/<int:judging_id>/pause/", judgings.judging_pause, name="judging-pause"),
    path("judgings/<int:judging_id>/resume/", judgings.judging_resume, name="judging-resume"),
    path("judgings/<int:judging_id>/cancel/", judgings.judging_cancel, name="judging-cancel"),
    # --- Schedules ---
    path("systems/<int:system_id>/schedules/", schedules.schedule_list, name="schedule-list"),
    path("systems/<int:system_id>/schedules/add/", schedules.schedule_add, name="schedule-add"),
    path("schedules/<int:schedule_id>/", schedules.schedule, name="schedule"),
    path("schedules/<int:schedule_id>/edit/", schedules.schedule_edit, name="schedule-edit"),
    path("schedules/<int:schedule_id>/switch-off/", schedules.schedule_switch_off, name="schedule-switch-off"),
    path("schedules/<int:schedule_id>/switch-on/", schedules.schedule_switch_on, name="schedule-switch-on"),
    # --- Outputs ---
    path("runs/<int:run_id>/outputs/", outputs.output_list, name="output-list"),
    path("runs/<int:run_id>/outputs/export/", outputs.output_export, name="output-export"),
    path("outputs/<int:output_id>/", outputs.output, name="output"),
    path("outputs/<int:output_id>/text/", outputs.output_text, name="output-text"),
    path("outputs/<int:output_id>/candidate/", candidates.output_candidate, name="output-candidate"),
    path("estimates/<int:estimate_id>/risk/", measured_risk.measured_risk, name="measured-risk"),
    path("findings/<int:finding_id>/cases/add/", promotions.finding_case_add, name="finding-case-add"),
]
