"""The ledger only grows: the database itself refuses UPDATE, DELETE and TRUNCATE on it."""

from __future__ import annotations

from django.db import migrations

FUNCTION = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% on % is refused: its rows are written once', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;
"""
TRIGGERS = """
create trigger {table}_row_is_final before update or delete on {table} for each row execute function refuse_change();
create trigger {table}_is_never_emptied before truncate on {table} for each statement execute function refuse_change();
"""
DROP = """
drop trigger {table}_row_is_final on {table};
drop trigger {table}_is_never_emptied on {table};
"""
TABLES = ("audit_entry", "audit_payload")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_create_tables")]
    operations = [
        migrations.RunSQL(FUNCTION, "drop function refuse_change()"),
        *[migrations.RunSQL(TRIGGERS.format(table=table), DROP.format(table=table)) for table in TABLES],
    ]
