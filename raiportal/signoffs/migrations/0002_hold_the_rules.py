"""What holds whoever writes: a request stays what was asked, moves along its states, and a sign-off comes from somebody who may give it.

`sign_off_is_given` looks again at everything that makes a sign-off count: open request, same digest, a role that was asked for and that the person (or
who they stand in for) holds now, and neither of them among those who asked or had a hand in the subject.
"""

from __future__ import annotations

from django.db import migrations

GIVEN = """
create function sign_off_is_given() returns trigger language plpgsql as $$
declare
    asked sign_off_request;
    holder bigint := coalesce(new.stand_in_for_id, new.person_id);
begin
    select * into strict asked from sign_off_request where id = new.request_id;
    if asked.state <> 'open' then
        raise exception 'the request is not open' using errcode = 'integrity_constraint_violation';
    end if;
    if new.digest <> asked.digest then
        raise exception 'the digest is not that of the request' using errcode = 'integrity_constraint_violation';
    end if;
    if not exists (select 1 from jsonb_array_elements(asked.rules -> 'roles') r where r ->> 'key' = new.role) then
        raise exception 'this role was not asked for' using errcode = 'integrity_constraint_violation';
    end if;
    if asked.excluded_ids @> to_jsonb(new.person_id) or asked.excluded_ids @> to_jsonb(holder) or asked.requested_by_id in (new.person_id, holder)
        or exists (
            select 1 from audit_entry e where e.subject_kind = asked.subject_kind and e.subject_id = asked.subject_id
                and e.actor_id in (new.person_id, holder) and not asked.rules -> 'decisions' @> to_jsonb(e.action::text)
        )
    then
        raise exception 'who asked or had a hand in the subject does not sign it' using errcode = 'integrity_constraint_violation';
    end if;
    if exists (select 1 from account_user u where u.id in (new.person_id, holder) and (not u.is_active or u.kind <> 'person')) then
        raise exception 'only people with an account sign' using errcode = 'integrity_constraint_violation';
    end if;
    if not exists (
        select 1 from account_membership m where m.user_id = holder and (m.until is null or m.until > now())
            and m.role = split_part(new.role, ':', 1) and coalesce(m.review_kind_id, '') = split_part(new.role, ':', 2)
            and (m.scope_id is null or m.scope_id = asked.scope_id)
    ) then
        raise exception 'the role is not held' using errcode = 'integrity_constraint_violation';
    end if;
    if new.stand_in_for_id is not null and not exists (
        select 1 from stand_in s where s.person_id = new.person_id and s.for_person_id = new.stand_in_for_id and s.ended_at is null
            and s.from_at <= clock_timestamp() and s.until_at > clock_timestamp() and (s.scope_id is null or s.scope_id = asked.scope_id)
    ) then
        raise exception 'nobody named this stand-in for now' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$
"""
GIVING = "create trigger sign_off_is_given before insert on sign_off for each row execute function sign_off_is_given()"
FINAL = "create trigger sign_off_row_is_final before update or delete on sign_off for each row execute function refuse_change()"
KEEPS = """
create function sign_off_request_keeps() returns trigger language plpgsql as $$
declare
    movable constant text[] := array['state', 'decided_at', 'valid_until', 'closed_by_id', 'close_reason', 'ended_at', 'ended_why', 'emergency_confirmed_by_id',
        'emergency_review_due_at'];
begin
    if tg_op = 'DELETE' then
        raise exception 'a request is withdrawn with a reason, not deleted' using errcode = 'integrity_constraint_violation';
    end if;
    if to_jsonb(new) - movable <> to_jsonb(old) - movable then
        raise exception 'what was asked stays as it was asked' using errcode = 'integrity_constraint_violation';
    end if;
    if old.state <> 'open' and (new.decided_at is distinct from old.decided_at or new.valid_until is distinct from old.valid_until) then
        raise exception 'what was decided stays as it was decided' using errcode = 'integrity_constraint_violation';
    end if;
    if old.ended_at is not null and (new.ended_at is distinct from old.ended_at or new.ended_why <> old.ended_why or new.state <> old.state) then
        raise exception 'an approval that ended stays ended' using errcode = 'integrity_constraint_violation';
    end if;
    if new.state <> old.state and not (
        old.state = 'open' and new.state in ('approved', 'refused', 'withdrawn') or old.state = 'approved' and new.state = 'revoked'
    ) then
        raise exception 'a request does not go from % to %', old.state, new.state using errcode = 'integrity_constraint_violation';
    end if;
    if new.state = 'approved' and old.state = 'open' and (
        exists (
            select 1 from jsonb_array_elements(new.rules -> 'roles') r where (
                select count(*) from sign_off s where s.request_id = new.id and s.role = r ->> 'key' and s.valid_until >= new.valid_until
                    and s.verdict in ('approve', 'approve_with_conditions')
            ) < (r ->> 'quorum')::int
        )
        or exists (select 1 from sign_off s where s.request_id = new.id and s.verdict in ('reject', 'request_changes'))
        or new.valid_until > new.decided_at + make_interval(hours => 24 * (new.rules ->> 'validity_days')::int)
    ) then
        raise exception 'this is not approved by those who have to' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$
"""
KEEPING = "create trigger sign_off_request_keeps before update or delete on sign_off_request for each row execute function sign_off_request_keeps()"
ASKED = """
create function sign_off_is_asked() returns trigger language plpgsql as $$
begin
    if new.state <> 'open' or jsonb_typeof(new.excluded_ids) <> 'array' or not new.excluded_ids @> to_jsonb(new.requested_by_id)
        or jsonb_typeof(new.rules -> 'roles') <> 'array' or jsonb_array_length(new.rules -> 'roles') = 0 or (new.rules ->> 'validity_days')::int < 1
    then
        raise exception 'a request starts open, with its rules, and excludes who asks' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$
"""
ASKING = "create trigger sign_off_is_asked before insert on sign_off_request for each row execute function sign_off_is_asked()"
CONDITIONS = """
create function sign_off_condition_keeps() returns trigger language plpgsql as $$
declare
    movable constant text[] := array['state', 'met_at', 'met_note', 'confirmed_at', 'confirmed_by_id', 'confirm_note'];
begin
    if tg_op = 'DELETE' then
        raise exception 'a condition stays' using errcode = 'integrity_constraint_violation';
    end if;
    if to_jsonb(new) - movable <> to_jsonb(old) - movable or old.state = 'confirmed' then
        raise exception 'a condition stays what was asked' using errcode = 'integrity_constraint_violation';
    end if;
    if new.confirmed_by_id is not null and new.confirmed_by_id <> (select person_id from sign_off where id = new.sign_off_id) then
        raise exception 'who set a condition confirms it' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$
"""
CONDITIONING = "create trigger sign_off_condition_keeps before update or delete on sign_off_condition for each row execute function sign_off_condition_keeps()"
STAND_INS = """
create function stand_in_keeps() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'a stand-in is ended, not deleted' using errcode = 'integrity_constraint_violation';
    end if;
    if to_jsonb(new) - 'ended_at' <> to_jsonb(old) - 'ended_at' or old.ended_at is not null then
        raise exception 'a stand-in stays what was given' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$
"""
STANDING_IN = "create trigger stand_in_keeps before update or delete on stand_in for each row execute function stand_in_keeps()"


class Migration(migrations.Migration):
    dependencies = [("signoffs", "0001_create_tables"), ("audit", "0006_refuse_changes_of_seals"), ("accounts", "0005_note_sign_ins")]
    operations = [
        migrations.RunSQL(GIVEN, "drop function sign_off_is_given()"),
        migrations.RunSQL(GIVING, "drop trigger sign_off_is_given on sign_off"),
        migrations.RunSQL(FINAL, "drop trigger sign_off_row_is_final on sign_off"),
        migrations.RunSQL(KEEPS, "drop function sign_off_request_keeps()"),
        migrations.RunSQL(KEEPING, "drop trigger sign_off_request_keeps on sign_off_request"),
        migrations.RunSQL(ASKED, "drop function sign_off_is_asked()"),
        migrations.RunSQL(ASKING, "drop trigger sign_off_is_asked on sign_off_request"),
        migrations.RunSQL(CONDITIONS, "drop function sign_off_condition_keeps()"),
        migrations.RunSQL(CONDITIONING, "drop trigger sign_off_condition_keeps on sign_off_condition"),
        migrations.RunSQL(STAND_INS, "drop function stand_in_keeps()"),
        migrations.RunSQL(STANDING_IN, "drop trigger stand_in_keeps on stand_in"),
    ]
