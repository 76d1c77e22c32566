"""All tables in one step, for a new database."""

from __future__ import annotations

from django.db import migrations

from raiportal.squashing import dependencies_of, squashed

STEPS = (
    "0001_create_tables",
    "0002_freeze_versions",
    "0003_keep_uploads_in_parts",
    "0004_keep_the_mix_of_versions",
    "0005_add_judgings_schedules_and_imported_runs",
    "0006_give_estimates_their_judging",
    "0007_require_judging_of_estimates",
    "0008_give_runs_and_judgings_a_responsible_person",
    "0009_index_words_of_sets_and_metrics",
    "0010_add_stress_sets",
    "0011_let_single_calls_hold_slots",
    "0012_index_runs_of_systems",
)


class Migration(migrations.Migration):
    initial = True
    replaces = [("measurements", step) for step in STEPS]
    dependencies = dependencies_of("measurements", STEPS)
    operations = squashed("measurements", STEPS)
