"""A turn, and so a finding, may name no strategy; a draft no layer."""

from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0019_index_every_order"),
    ]

    operations = [
        migrations.AlterField(
            model_name="campaign",
            name="layers",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("model", "The model alone"),
                        ("safety_system", "The model with its filters"),
                        ("application", "The whole application"),
                        ("interface", "The interface as people use it"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="finding",
            name="strategies",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None),
        ),
        migrations.AlterField(
            model_name="turn",
            name="strategies",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None),
        ),
    ]
