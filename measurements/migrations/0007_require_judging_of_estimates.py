"""No estimate without its judging, and what judges said stays as it was."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

TABLES = ("judge_vote", "schedule_due_time")
TRIGGER = "create trigger {table}_row_is_final before update or delete on {table} for each row execute function refuse_change()"


class Migration(migrations.Migration):
    dependencies = [("measurements", "0006_give_estimates_their_judging"), ("audit", "0002_refuse_changes")]
    operations = [
        migrations.AlterField(
            model_name="estimate",
            name="judging",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="estimates", to="measurements.judging"),
        ),
        *(migrations.RunSQL(TRIGGER.format(table=table), f"drop trigger {table}_row_is_final on {table}") for table in TABLES),
    ]
