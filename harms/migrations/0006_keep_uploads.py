"""Files of harms that wait for confirmation."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0005_search_and_sort_by_words"),
        ("systems", "0004_add_intended_uses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HarmUpload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("file_name", models.CharField(max_length=200)),
                ("format", models.CharField(choices=[("csv", "CSV"), ("json", "JSON")], max_length=10)),
                ("file_digest", models.CharField(max_length=64)),
                ("report", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[("previewed", "Waiting for confirmation"), ("confirmed", "Confirmed"), ("discarded", "Discarded")],
                        default="previewed",
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "harm_upload",
            },
        ),
        migrations.CreateModel(
            name="HarmUploadPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
            ],
            options={
                "db_table": "harm_upload_part",
            },
        ),
        migrations.AddField(
            model_name="harmupload",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="harmupload",
            name="system",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem"),
        ),
        migrations.AddField(
            model_name="harmuploadpart",
            name="upload",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="harms.harmupload"),
        ),
        migrations.AddIndex(
            model_name="harmupload",
            index=models.Index(models.F("created_at"), name="harm_upload_age"),
        ),
        migrations.AddConstraint(
            model_name="harmuploadpart",
            constraint=models.UniqueConstraint(fields=("upload", "number"), name="harm_upload_part_number"),
        ),
    ]
