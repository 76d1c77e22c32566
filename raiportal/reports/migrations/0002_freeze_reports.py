"""Reports are written once. A made PDF stays, and what is known of a recipient is only added to: nothing that was noted is noted again or taken away."""

from __future__ import annotations

from django.db import migrations

ROWS = "create trigger report_row_is_final before update or delete on report for each row execute function refuse_change()"
PDF = """
create function report_pdf_stays() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.state = 'made' or new.report_id <> old.report_id then
        raise exception 'a PDF that was made stays' using errcode = 'restrict_violation';
    end if;
    return new;
end $$
"""
PDF_TRIGGER = "create trigger report_pdf_stays before update or delete on report_pdf for each row execute function report_pdf_stays()"
RECIPIENT = """
create function report_recipient_keeps_what_was_noted() returns trigger language plpgsql as $$
declare
    moved constant text[] := array[
        'opened_at', 'acknowledged_at', 'note', 'reminded_at', 'reminder_count', 'due_at', 'replaced_by_id', 'taken_back_at', 'taken_back_reason'
    ];
begin
    if tg_op = 'DELETE' or to_jsonb(new) - moved <> to_jsonb(old) - moved then
        raise exception 'who was sent a report stays known' using errcode = 'restrict_violation';
    end if;
    if old.opened_at is not null and new.opened_at is distinct from old.opened_at
        or old.acknowledged_at is not null and (new.acknowledged_at is distinct from old.acknowledged_at or new.note is distinct from old.note)
        or old.taken_back_at is not null and new is distinct from old then
        raise exception 'what was noted of a recipient stays' using errcode = 'restrict_violation';
    end if;
    return new;
end $$
"""
RECIPIENT_TRIGGER = """create trigger report_recipient_keeps_what_was_noted before update or delete on report_recipient
for each row execute function report_recipient_keeps_what_was_noted()"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_create_tables"), ("audit", "0002_refuse_changes")]
    operations = [
        migrations.RunSQL(ROWS, "drop trigger report_row_is_final on report"),
        migrations.RunSQL(PDF, "drop function report_pdf_stays()"),
        migrations.RunSQL(PDF_TRIGGER, "drop trigger report_pdf_stays on report_pdf"),
        migrations.RunSQL(RECIPIENT, "drop function report_recipient_keeps_what_was_noted()"),
        migrations.RunSQL(RECIPIENT_TRIGGER, "drop trigger report_recipient_keeps_what_was_noted on report_recipient"),
    ]
