"""All tables in one step, for a new database."""

from __future__ import annotations

from django.db import migrations

from raiportal.squashing import dependencies_of, squashed

STEPS = (
    "0001_create_tables",
    "0002_freeze_versions",
    "0003_add_azure_and_applications",
    "0004_add_intended_uses",
    "0005_state_more_facts",
    "0006_add_activation_and_model_cards",
    "0007_keep_activations",
    "0008_recognise_places_and_languages",
)


class Migration(migrations.Migration):
    initial = True
    replaces = [("systems", step) for step in STEPS]
    dependencies = dependencies_of("systems", STEPS)
    operations = squashed("systems", STEPS)
