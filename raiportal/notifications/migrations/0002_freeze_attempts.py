"""What an attempt to deliver came to stays as it was written."""

from __future__ import annotations

from django.db import migrations

ROWS = """create trigger notification_delivery_attempt_row_is_final before update or delete on notification_delivery_attempt
for each row execute function refuse_change()"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_create_tables"), ("audit", "0002_refuse_changes")]
    operations = [migrations.RunSQL(ROWS, "drop trigger notification_delivery_attempt_row_is_final on notification_delivery_attempt")]
