"""Uses are written once. Evidence stays what it is: all that can be said of it later is that it was removed. A stored file stays what it was."""

from __future__ import annotations

from django.db import migrations

USES = "create trigger evidence_use_row_is_final before update or delete on evidence_use for each row execute function refuse_change()"
KEPT = """
create function evidence_keeps_its_content() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'evidence is removed with a reason, not deleted' using errcode = 'integrity_constraint_violation';
    end if;
    if to_jsonb(new) - array['removed_at', 'removed_by_id', 'removed_reason', 'deleted_at']
        <> to_jsonb(old) - array['removed_at', 'removed_by_id', 'removed_reason', 'deleted_at'] then
        raise exception 'evidence stays what it is' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$
"""
TRIGGER = "create trigger {table}_keeps_its_content before update or delete on {table} for each row execute function evidence_keeps_its_content()"
REMOVED = """
create function evidence_stays_removed() returns trigger language plpgsql as $$
begin
    if old.removed_at is not null and new is distinct from old then
        raise exception 'removed evidence stays removed' using errcode = 'integrity_constraint_violation';
    end if;
    if new.removed_at is not null and exists (select 1 from evidence_use u where u.evidence_id = new.id) then
        raise exception 'something relied on this evidence' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$
"""
REMOVING = "create trigger evidence_stays_removed before update on evidence for each row execute function evidence_stays_removed()"


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_create_tables"), ("audit", "0002_refuse_changes")]
    operations = [
        migrations.RunSQL(USES, "drop trigger evidence_use_row_is_final on evidence_use"),
        migrations.RunSQL(KEPT, "drop function evidence_keeps_its_content()"),
        migrations.RunSQL(TRIGGER.format(table="evidence"), "drop trigger evidence_keeps_its_content on evidence"),
        migrations.RunSQL(TRIGGER.format(table="evidence_file"), "drop trigger evidence_file_keeps_its_content on evidence_file"),
        migrations.RunSQL(REMOVED, "drop function evidence_stays_removed()"),
        migrations.RunSQL(REMOVING, "drop trigger evidence_stays_removed on evidence"),
    ]
