"""Lists sort by each of the four scores; a harm keeps the levels of the score that ranks it."""

from __future__ import annotations

import django.db.models.expressions
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0002_freeze_versions"),
        ("systems", "0002_freeze_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="harm",
            name="frequency",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="inherent_rank",
            field=models.GeneratedField(
                db_persist=True, expression=django.db.models.functions.comparison.Coalesce("inherent_score", 0), output_field=models.PositiveSmallIntegerField()
            ),
        ),
        migrations.AddField(
            model_name="harm",
            name="measured_rank",
            field=models.GeneratedField(
                db_persist=True, expression=django.db.models.functions.comparison.Coalesce("measured_score", 0), output_field=models.PositiveSmallIntegerField()
            ),
        ),
        migrations.AddField(
            model_name="harm",
            name="observed_rank",
            field=models.GeneratedField(
                db_persist=True, expression=django.db.models.functions.comparison.Coalesce("observed_score", 0), output_field=models.PositiveSmallIntegerField()
            ),
        ),
        migrations.AddField(
            model_name="harm",
            name="residual_rank",
            field=models.GeneratedField(
                db_persist=True, expression=django.db.models.functions.comparison.Coalesce("residual_score", 0), output_field=models.PositiveSmallIntegerField()
            ),
        ),
        migrations.AddField(
            model_name="harm",
            name="severity",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(
                models.F("system"),
                models.OrderBy(models.F("inherent_rank"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="harm_of_system_by_inherent",
            ),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(
                models.F("system"),
                models.OrderBy(models.F("measured_rank"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="harm_of_system_by_measured",
            ),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(
                models.F("system"),
                models.OrderBy(models.F("residual_rank"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="harm_of_system_by_residual",
            ),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(
                models.F("system"),
                models.OrderBy(models.F("observed_rank"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="harm_of_system_by_observed",
            ),
        ),
        migrations.AddConstraint(
            model_name="harm",
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
                name="harm_priority_is_its_levels",
            ),
        ),
    ]
