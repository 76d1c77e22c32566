"""The row in whose name the portal itself acts."""

from __future__ import annotations

from django.db import migrations

ADD = "insert into account_user (username, name, email, kind, is_active, password) values ('raiportal', 'raiportal', '', 'system', true, '!')"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_create_tables")]
    operations = [migrations.RunSQL(ADD, "delete from account_user where kind = 'system'")]
