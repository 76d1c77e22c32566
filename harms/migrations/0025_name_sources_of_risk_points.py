"""A statement of risk names what it was worked out from, such as a run; those that are there already say it in their words alone."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0024_index_words_of_candidates_and_baselines"),
    ]

    operations = [
        migrations.AddField(model_name="riskpoint", name="source_id", field=models.BigIntegerField(null=True)),
        migrations.AddField(model_name="riskpoint", name="source_kind", field=models.CharField(blank=True, db_default="", default="", max_length=60)),
        migrations.AddConstraint(
            model_name="riskpoint",
            constraint=models.CheckConstraint(
                name="risk_point_names_its_source",
                condition=models.Q(source_kind="", source_id=None) | (~models.Q(source_kind="") & models.Q(source_id__isnull=False)),
            ),
        ),
    ]
