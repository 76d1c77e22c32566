"""The portal's search finds entries of catalogues by an index, however many there are."""

from __future__ import annotations

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("catalogues", "0002_freeze_versions"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="catalogueentry",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.CombinedSearchVector(
                    django.contrib.postgres.search.SearchVector("title", config="english", weight="A"),
                    "||",
                    django.contrib.postgres.search.SearchVector("source", config="english", weight="B"),
                    django.contrib.postgres.search.SearchConfig("english"),
                ),
                name="catalogue_entry_search",
            ),
        ),
    ]
