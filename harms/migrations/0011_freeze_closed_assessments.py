"""What was closed stays as it was: its answers and impacts can't be written any more; only which harm an impact became may still be said, once."""

from __future__ import annotations

from django.db import migrations

FUNCTION = """
create function refuse_change_of_closed_assessment() returns trigger language plpgsql as $$
declare held text;
begin
    select state into held from impact_assessment where id = coalesce(new.assessment_id, old.assessment_id) for key share;
    if held is distinct from 'writing' then
        if tg_op = 'UPDATE' and held = 'closed' and to_jsonb(old)->>'harm_id' is null
            and (to_jsonb(new) - 'harm_id' - 'updated_at') = (to_jsonb(old) - 'harm_id' - 'updated_at')
            and to_jsonb(new)->>'harm_id' is not null then
            return new;
        end if;
        raise exception '% on % is refused: its assessment is closed', tg_op, tg_table_name using errcode = 'restrict_violation';
    end if;
    return coalesce(new, old);
end $$;
create trigger assessment_answers_are_frozen before insert or update or delete on impact_assessment_answer
    for each row execute function refuse_change_of_closed_assessment();
create trigger assessment_impacts_are_frozen before insert or update or delete on impact_assessment_impact
    for each row execute function refuse_change_of_closed_assessment();
create function refuse_reopening_of_assessment() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.state <> 'writing' then
        raise exception '% on % is refused: what was closed or discarded stays so', tg_op, tg_table_name using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger assessment_stays_closed before update or delete on impact_assessment
    for each row execute function refuse_reopening_of_assessment();
"""
DROP = """
drop trigger assessment_stays_closed on impact_assessment;
drop function refuse_reopening_of_assessment();
drop trigger assessment_impacts_are_frozen on impact_assessment_impact;
drop trigger assessment_answers_are_frozen on impact_assessment_answer;
drop function refuse_change_of_closed_assessment();
"""


class Migration(migrations.Migration):
    dependencies = [("harms", "0010_add_impact_assessments")]
    operations = [migrations.RunSQL(FUNCTION, DROP)]
