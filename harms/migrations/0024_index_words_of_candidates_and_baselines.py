"""What search finds of candidates and baselines is found by index."""

from __future__ import annotations

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0023_let_texts_of_probes_go"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="baseline",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.CombinedSearchVector(
                    django.contrib.postgres.search.SearchVector("title", config="english", weight="A"),
                    "||",
                    django.contrib.postgres.search.SearchVector("reason", config="english", weight="B"),
                    django.contrib.postgres.search.SearchConfig("english"),
                ),
                name="baseline_search",
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.CombinedSearchVector(
                    django.contrib.postgres.search.SearchVector("title", config="english", weight="A"),
                    "||",
                    django.contrib.postgres.search.SearchVector("summary", config="english", weight="B"),
                    django.contrib.postgres.search.SearchConfig("english"),
                ),
                name="candidate_search",
            ),
        ),
    ]
