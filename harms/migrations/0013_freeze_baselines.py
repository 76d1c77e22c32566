"""A baseline of a register is written once."""

from __future__ import annotations

from django.db import migrations

TRIGGER = "create trigger register_baseline_row_is_final before update or delete on register_baseline for each row execute function refuse_change()"


class Migration(migrations.Migration):
    dependencies = [("harms", "0012_add_decisions_on_harms"), ("audit", "0002_refuse_changes")]
    operations = [migrations.RunSQL(TRIGGER, "drop trigger register_baseline_row_is_final on register_baseline")]
