"""A grant without a run: a single call that a person makes, such as a probe."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("measurements", "0010_add_stress_sets")]
    operations = [
        migrations.AlterField(
            model_name="grant",
            name="run",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.run"),
        ),
    ]
