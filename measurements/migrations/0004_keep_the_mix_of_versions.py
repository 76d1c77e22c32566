"""A version keeps how many of its cases have which stratum, language and harm."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("measurements", "0003_keep_uploads_in_parts")]
    operations = [migrations.AddField(model_name="measurementsetversion", name="mix", field=models.JSONField(default=dict))]
