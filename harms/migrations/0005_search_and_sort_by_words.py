"""Lists sort by title and search title and description by trigrams; what saved views and the heat-map count has an index."""

from __future__ import annotations

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0004_score_harms_in_each_use"),
    ]

    operations = [
        TrigramExtension(),
        migrations.AddField(
            model_name="harm",
            name="library_entry",
            field=models.SlugField(blank=True, db_index=False, max_length=80),
        ),
        migrations.AddField(
            model_name="harm",
            name="title_key",
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower("title"), output_field=models.TextField()),
        ),
        migrations.AddField(
            model_name="harm",
            name="words",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Upper(
                    django.db.models.functions.text.Concat(models.F("title"), models.Value(" "), models.F("description"), output_field=models.TextField())
                ),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(models.F("title_key"), models.F("id"), name="harm_by_title"),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(models.F("system"), models.F("title_key"), models.F("id"), name="harm_of_system_by_title"),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(models.F("severity"), models.F("frequency"), models.F("system"), name="harm_by_levels"),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(models.F("state"), models.F("system"), name="harm_by_state"),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(models.F("owner"), models.F("system"), name="harm_by_owner"),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(models.F("system"), condition=models.Q(("owner", None)), name="harm_unowned"),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(models.F("system"), condition=models.Q(("measured_score", None)), name="harm_unmeasured"),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="harm_by_words", opclasses=["gin_trgm_ops"]),
        ),
    ]
