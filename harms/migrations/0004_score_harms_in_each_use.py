"""Harms in intended uses, each with its own scores; a risk point may be about one use."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0003_sort_by_every_score"),
        ("systems", "0004_add_intended_uses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HarmUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("inherent_score", models.PositiveSmallIntegerField(null=True)),
                ("measured_score", models.PositiveSmallIntegerField(null=True)),
                ("residual_score", models.PositiveSmallIntegerField(null=True)),
                ("observed_score", models.PositiveSmallIntegerField(null=True)),
                ("priority", models.PositiveSmallIntegerField(default=0)),
                ("severity", models.PositiveSmallIntegerField(null=True)),
                ("frequency", models.PositiveSmallIntegerField(null=True)),
                (
                    "inherent_rank",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Coalesce("inherent_score", 0),
                        output_field=models.PositiveSmallIntegerField(),
                    ),
                ),
                (
                    "measured_rank",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Coalesce("measured_score", 0),
                        output_field=models.PositiveSmallIntegerField(),
                    ),
                ),
                (
                    "residual_rank",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Coalesce("residual_score", 0),
                        output_field=models.PositiveSmallIntegerField(),
                    ),
                ),
                (
                    "observed_rank",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Coalesce("observed_score", 0),
                        output_field=models.PositiveSmallIntegerField(),
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "harm_use",
            },
        ),
        migrations.AddField(
            model_name="riskpoint",
            name="intended_use",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.intendeduse"),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="harm",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="uses", to="harms.harm"),
        ),
        migrations.AddField(
            model_name="harmuse",
            name="intended_use",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.intendeduse"),
        ),
        migrations.AddIndex(
            model_name="harmuse",
            index=models.Index(
                models.F("intended_use"),
                models.OrderBy(models.F("priority"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="harm_use_by_priority",
            ),
        ),
        migrations.AddIndex(
            model_name="harmuse",
            index=models.Index(models.F("intended_use"), models.F("severity"), models.F("frequency"), name="harm_use_by_levels"),
        ),
        migrations.AddConstraint(
            model_name="harmuse",
            constraint=models.UniqueConstraint(fields=("harm", "intended_use"), name="harm_use_once"),
        ),
        migrations.AddConstraint(
            model_name="harmuse",
            constraint=models.CheckConstraint(condition=models.Q(("priority__lte", 25)), name="harm_use_priority_range"),
        ),
        migrations.AddConstraint(
            model_name="harmuse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("frequency", None), ("priority", 0), ("severity", None)),
                    models.Q(
                        ("frequency__isnull", False),
                        ("priority", django.db.models.expressions.CombinedExpression(models.F("severity"), "*", models.F("frequency"))),
                        ("severity__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="harm_use_priority_is_its_levels",
            ),
        ),
    ]
