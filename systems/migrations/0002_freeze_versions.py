"""What runs measured stays as it was: these rows are written once."""

from __future__ import annotations

from django.db import migrations

TABLES = (
    "metaprompt_version",
    "configuration",
)
TRIGGER = "create trigger {table}_row_is_final before update or delete on {table} for each row execute function refuse_change()"


class Migration(migrations.Migration):
    dependencies = [("systems", "0001_create_tables"), ("audit", "0002_refuse_changes")]
    operations = [migrations.RunSQL(TRIGGER.format(table=table), f"drop trigger {table}_row_is_final on {table}") for table in TABLES]
