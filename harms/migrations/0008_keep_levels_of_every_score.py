"""Each of the four scores keeps its severity and frequency, so that the heat-map can show any of them."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0007_index_search_text"),
    ]

    operations = [
        migrations.AddField(
            model_name="harm",
            name="inherent_frequency",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="inherent_severity",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="measured_frequency",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="measured_severity",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="observed_frequency",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="observed_severity",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="residual_frequency",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="residual_severity",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="inherent_frequency",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="inherent_severity",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="measured_frequency",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="measured_severity",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="observed_frequency",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="observed_severity",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="residual_frequency",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="residual_severity",
            field=models.PositiveSmallIntegerField(null=True),
        ),
    ]
