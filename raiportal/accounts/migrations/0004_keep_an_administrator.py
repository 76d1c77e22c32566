"""INV-31: whoever takes away the last active administrator without an end is refused by the database itself."""

from __future__ import annotations

from django.db import migrations

FUNCTION = """
create function require_administrator() returns trigger language plpgsql as $$
begin
    if not exists (
        select 1 from account_membership m join account_user u on u.id = m.user_id
        where m.role = 'administrator' and m.scope_id is null and m.until is null and u.is_active
    ) then
        raise exception 'there has to be an active administrator' using errcode = 'restrict_violation', constraint = 'administrator_remains';
    end if;
    return null;
end $$;
"""
# Each looks only where an administrator may have been lost, so that other changes cost nothing.
TRIGGERS = """
create constraint trigger membership_leaves_administrator after delete or update on account_membership
    deferrable initially deferred for each row when (old.role = 'administrator') execute function require_administrator();
create constraint trigger user_leaves_administrator after update of is_active on account_user
    deferrable initially deferred for each row when (old.is_active and not new.is_active) execute function require_administrator_of();
"""
FUNCTION_OF_USER = """
create function require_administrator_of() returns trigger language plpgsql as $$
begin
    if exists (select 1 from account_membership where user_id = new.id and role = 'administrator') and not exists (
        select 1 from account_membership m join account_user u on u.id = m.user_id
        where m.role = 'administrator' and m.scope_id is null and m.until is null and u.is_active
    ) then
        raise exception 'there has to be an active administrator' using errcode = 'restrict_violation', constraint = 'administrator_remains';
    end if;
    return null;
end $$;
"""
DROP = """
drop trigger membership_leaves_administrator on account_membership;
drop trigger user_leaves_administrator on account_user;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_add_roles_invitations_and_review_kinds")]
    operations = [
        migrations.RunSQL(FUNCTION, "drop function require_administrator()"),
        migrations.RunSQL(FUNCTION_OF_USER, "drop function require_administrator_of()"),
        migrations.RunSQL(TRIGGERS, DROP),
    ]
