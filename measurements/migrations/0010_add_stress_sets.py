"""Sets made by transforming another set's cases; their rows are written once."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

TABLES = ("stress_set", "transformed_case")
TRIGGER = "create trigger {table}_row_is_final before update or delete on {table} for each row execute function refuse_change()"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_refuse_changes"),
        ("measurements", "0009_index_words_of_sets_and_metrics"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StressSet",
            fields=[
                (
                    "measurement_set",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="stress", serialize=False, to="measurements.measurementset"
                    ),
                ),
                ("transforms", models.JSONField()),
                ("seed", models.PositiveBigIntegerField()),
                ("case_count", models.PositiveIntegerField()),
                ("left_out", models.JSONField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("origin", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="stress_sets", to="measurements.measurementsetversion")),
            ],
            options={
                "db_table": "stress_set",
            },
        ),
        migrations.CreateModel(
            name="TransformedCase",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="transformed", serialize=False, to="measurements.case"
                    ),
                ),
                ("transform", models.SlugField(db_index=False, max_length=40)),
                ("untransformed", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="transforms", to="measurements.case")),
            ],
            options={
                "db_table": "transformed_case",
                "constraints": [models.UniqueConstraint(fields=("untransformed", "transform"), name="transformed_case_once")],
            },
        ),
        *(migrations.RunSQL(TRIGGER.format(table=table), f"drop trigger {table}_row_is_final on {table}") for table in TABLES),
    ]
