"""A version of an entry stays as it was written."""

from __future__ import annotations

from django.db import migrations

TRIGGER = "create trigger catalogue_entry_version_row_is_final before update or delete on catalogue_entry_version for each row execute function refuse_change()"


class Migration(migrations.Migration):
    dependencies = [("catalogues", "0001_create_tables"), ("audit", "0002_refuse_changes")]
    operations = [migrations.RunSQL(TRIGGER, "drop trigger catalogue_entry_version_row_is_final on catalogue_entry_version")]
