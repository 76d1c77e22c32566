"""The portal's search finds sets and metrics by an index, however many there are."""

from __future__ import annotations

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.conf import settings
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0011_freeze_closed_assessments"),
        ("measurements", "0008_give_runs_and_judgings_a_responsible_person"),
        ("systems", "0008_recognise_places_and_languages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="measurementset",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.CombinedSearchVector(
                    django.contrib.postgres.search.SearchVector("name", config="english", weight="A"),
                    "||",
                    django.contrib.postgres.search.SearchVector("description", config="english", weight="B"),
                    django.contrib.postgres.search.SearchConfig("english"),
                ),
                name="measurement_set_search",
            ),
        ),
        migrations.AddIndex(
            model_name="metric",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.SearchVector("name", config="english", weight="A"), name="metric_search"
            ),
        ),
    ]
