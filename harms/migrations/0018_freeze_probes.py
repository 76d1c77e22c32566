"""What was probed stays as it came: turns that are done keep their texts and facts, opinions are written once, nothing of a campaign is deleted."""

from __future__ import annotations

from django.db import migrations

FUNCTION = """
create function refuse_change_of_turn() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'DELETE on probe_turn is refused: what was probed stays' using errcode = 'restrict_violation';
    end if;
    if old.progress = 'done' and (to_jsonb(new) - 'verdict' - 'note' - 'strategies') <> (to_jsonb(old) - 'verdict' - 'note' - 'strategies') then
        raise exception 'UPDATE on probe_turn is refused: this turn is done' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger probe_turns_stay before update or delete on probe_turn for each row execute function refuse_change_of_turn();
create trigger finding_opinion_row_is_final before update or delete on finding_opinion for each row execute function refuse_change();
"""
DROP = """
drop trigger finding_opinion_row_is_final on finding_opinion;
drop trigger probe_turns_stay on probe_turn;
drop function refuse_change_of_turn();
"""


class Migration(migrations.Migration):
    dependencies = [("harms", "0017_add_campaigns"), ("audit", "0002_refuse_changes")]
    operations = [migrations.RunSQL(FUNCTION, DROP)]
