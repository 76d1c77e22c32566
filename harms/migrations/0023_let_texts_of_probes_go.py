"""What was probed stays as it came, but for its texts: they may be deleted, once, when the time that the charter gives is over."""

from __future__ import annotations

from django.db import migrations

REFUSE_OTHER_CHANGES = """
    if old.progress = 'done' and (to_jsonb(new) - 'verdict' - 'note' - 'strategies') <> (to_jsonb(old) - 'verdict' - 'note' - 'strategies') then
        raise exception 'UPDATE on probe_turn is refused: this turn is done' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
"""
BEGIN = """
create or replace function refuse_change_of_turn() returns trigger language plpgsql as $$
{declared}begin
    if tg_op = 'DELETE' then
        raise exception 'DELETE on probe_turn is refused: what was probed stays' using errcode = 'restrict_violation';
    end if;
"""
DELETING = """
    if new.texts_deleted_at is not null and old.texts_deleted_at is null then
        if (to_jsonb(new) - texts) <> (to_jsonb(old) - texts) then
            raise exception 'UPDATE on probe_turn is refused: with the texts nothing else is changed' using errcode = 'restrict_violation';
        end if;
        if not exists (
            select 1 from probe_session s join campaign c on c.id = s.campaign_id
            where s.id = old.session_id and c.state = 'closed' and c.closed_at + make_interval(days => c.retention_days) <= now()
        ) then
            raise exception 'UPDATE on probe_turn is refused: its campaign keeps transcripts for longer' using errcode = 'restrict_violation';
        end if;
        return new;
    end if;
"""
DECLARED = "declare texts text[] := array['text', 'answer', 'refusal', 'detail', 'note', 'body', 'texts_deleted_at', 'texts_digest'];\n"
NOW = BEGIN.format(declared=DECLARED) + DELETING + REFUSE_OTHER_CHANGES
BEFORE = BEGIN.format(declared="") + REFUSE_OTHER_CHANGES


class Migration(migrations.Migration):
    dependencies = [("harms", "0022_keep_transcripts_for_a_time")]
    operations = [migrations.RunSQL(NOW, BEFORE)]
