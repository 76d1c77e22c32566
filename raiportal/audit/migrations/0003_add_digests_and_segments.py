"""Room for the digest of each entry, for erasure and for sealed segments."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Now

SHAPE = "^[0-9a-f]{64}$"


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_refuse_changes")]
    operations = [
        migrations.AddField("entry", "digest", models.CharField(max_length=64, default="", editable=False)),
        migrations.AlterField("entry", "subject_label", models.CharField(max_length=200, blank=True, default="")),
        migrations.AddField(
            "payload",
            "erased_by",
            models.ForeignKey("audit.entry", on_delete=django.db.models.deletion.PROTECT, related_name="+", null=True, blank=True),
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("first_id", models.BigIntegerField(unique=True)),
                ("last_id", models.BigIntegerField(unique=True)),
                ("count", models.PositiveIntegerField()),
                ("entries_digest", models.CharField(max_length=64)),
                ("previous_digest", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
                ("key_id", models.CharField(max_length=16)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("signature", models.CharField(max_length=88)),
            ],
            options={
                "db_table": "audit_segment",
                "constraints": [
                    models.CheckConstraint(name="segment_numbers_start_at_one", condition=Q(number__gte=1)),
                    models.CheckConstraint(name="segment_holds_entries", condition=Q(count__gte=1, last_id__gte=F("first_id"))),
                    models.CheckConstraint(
                        name="segment_digest_shapes", condition=Q(entries_digest__regex=SHAPE, previous_digest__regex=SHAPE, digest__regex=SHAPE)
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=Now())),
                ("is_ok", models.BooleanField()),
                ("entries", models.PositiveBigIntegerField()),
                ("segments", models.PositiveBigIntegerField()),
                ("problem_count", models.PositiveIntegerField()),
                ("problems", models.JSONField(default=list)),
                ("seconds", models.FloatField()),
            ],
            options={"db_table": "audit_verification"},
        ),
    ]
