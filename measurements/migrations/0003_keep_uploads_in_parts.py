"""The bytes of an upload move into parts of their own: a large file is stored and read without holding all of it."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("measurements", "0002_freeze_versions")]
    operations = [
        migrations.RemoveField(model_name="setupload", name="content"),
        migrations.CreateModel(
            name="SetUploadPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "upload",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="measurements.setupload"),
                ),
            ],
            options={"db_table": "measurement_set_upload_part"},
        ),
        migrations.AddConstraint(
            model_name="setuploadpart",
            constraint=models.UniqueConstraint(fields=("upload", "number"), name="set_upload_part_number"),
        ),
    ]
