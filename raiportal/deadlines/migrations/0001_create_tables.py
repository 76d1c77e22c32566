"""Dates that somebody has to keep."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0005_note_sign_ins"),
    ]

    operations = [
        migrations.CreateModel(
            name="Deadline",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=60)),
                ("subject_kind", models.CharField(max_length=60)),
                ("subject_id", models.BigIntegerField()),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField()),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("pause_reason", models.CharField(blank=True, max_length=300)),
                ("paused_seconds", models.FloatField(default=0.0)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("remaining_seconds", models.FloatField(blank=True, null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("scope", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.scope")),
            ],
            options={
                "db_table": "deadline",
                "indexes": [
                    models.Index(condition=models.Q(("closed_at", None)), fields=["next_at"], name="deadline_next"),
                    models.Index(condition=models.Q(("closed_at", None)), fields=["due_at"], name="deadline_due"),
                    models.Index(fields=["subject_kind", "subject_id"], name="deadline_subject"),
                ],
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("closed_at", None)), fields=("kind", "subject_kind", "subject_id"), name="deadline_one_open"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("remaining_seconds", None)),
                            models.Q(("closed_at__isnull", False), ("next_at", None), ("remaining_seconds__isnull", False)),
                            _connector="OR",
                        ),
                        name="deadline_closed_is_frozen",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("pause_reason", ""), ("paused_at", None)),
                            models.Q(("paused_at__isnull", False), models.Q(("pause_reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="deadline_pause_has_reason",
                    ),
                    models.CheckConstraint(condition=models.Q(("paused_seconds__gte", 0)), name="deadline_pauses_are_not_negative"),
                ],
            },
        ),
    ]
