"""All tables in one step, for a new database."""

from __future__ import annotations

from django.db import migrations

from raiportal.squashing import dependencies_of, squashed

STEPS = (
    "0001_create_tables",
    "0002_freeze_versions",
    "0003_sort_by_every_score",
    "0004_score_harms_in_each_use",
    "0005_search_and_sort_by_words",
    "0006_keep_uploads",
    "0007_index_search_text",
    "0008_keep_levels_of_every_score",
    "0009_fill_levels_of_every_score",
    "0010_add_impact_assessments",
    "0011_freeze_closed_assessments",
    "0012_add_decisions_on_harms",
    "0013_freeze_baselines",
    "0014_name_reason_of_decision",
    "0015_add_rating_rounds",
    "0016_freeze_ratings",
    "0017_add_campaigns",
    "0018_freeze_probes",
    "0019_index_every_order",
    "0020_allow_no_strategies",
    "0021_index_priorities_of_the_register",
)


class Migration(migrations.Migration):
    initial = True
    replaces = [("harms", step) for step in STEPS]
    dependencies = dependencies_of("harms", STEPS)
    operations = squashed("harms", STEPS)
