"""What was rated in a closed round stays as it was; what was agreed, and what was carried over to another scale, is written once."""

from __future__ import annotations

from django.db import migrations

FINAL_TABLES = ("rating_round_harm", "rating_consensus", "scale_change", "scale_change_move")
FINAL = "\n".join(
    f"create trigger {name}_row_is_final before update or delete on {name} for each row execute function refuse_change();" for name in FINAL_TABLES
)
NOT_FINAL = "\n".join(f"drop trigger {name}_row_is_final on {name};" for name in FINAL_TABLES)
FUNCTIONS = """
create function refuse_change_of_closed_round() returns trigger language plpgsql as $$
declare held text;
begin
    select r.state into held from rating_round r join rating_round_harm h on h.round_id = r.id
        where h.id = coalesce(new.round_harm_id, old.round_harm_id) for key share of r;
    if held is distinct from 'open' then
        raise exception '% on % is refused: its round is closed', tg_op, tg_table_name using errcode = 'restrict_violation';
    end if;
    if tg_op = 'INSERT' and not exists (
        select 1 from rater r join rating_round_harm h on h.round_id = r.round_id where r.id = new.rater_id and h.id = new.round_harm_id
    ) then
        raise exception 'INSERT on rating is refused: its rater belongs to another round' using errcode = 'restrict_violation';
    end if;
    return coalesce(new, old);
end $$;
create trigger ratings_are_frozen before insert or update or delete on rating for each row execute function refuse_change_of_closed_round();
create function refuse_reopening_of_round() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.state <> 'open' then
        raise exception '% on % is refused: a closed round stays as it is', tg_op, tg_table_name using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger rating_round_stays_closed before update or delete on rating_round for each row execute function refuse_reopening_of_round();
create function refuse_consensus_of_open_round() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from rating_round r join rating_round_harm h on h.round_id = r.id where h.id = new.round_harm_id and r.state = 'closed') then
        raise exception 'INSERT on rating_consensus is refused: its round is open' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger consensus_follows_its_round before insert on rating_consensus for each row execute function refuse_consensus_of_open_round();
"""
DROP = """
drop trigger consensus_follows_its_round on rating_consensus;
drop function refuse_consensus_of_open_round();
drop trigger rating_round_stays_closed on rating_round;
drop function refuse_reopening_of_round();
drop trigger ratings_are_frozen on rating;
drop function refuse_change_of_closed_round();
"""


class Migration(migrations.Migration):
    dependencies = [("harms", "0015_add_rating_rounds"), ("audit", "0002_refuse_changes")]
    operations = [migrations.RunSQL(f"{FINAL}\n{FUNCTIONS}", f"{DROP}\n{NOT_FINAL}")]
