"""Filter versions, orders of activation and acknowledgements are written once; the shares of an order add up to 100 when its transaction ends."""

from __future__ import annotations

from django.db import migrations

TABLES = ("filter_configuration", "activation", "activation_share", "model_document_acknowledgement")
FINAL = "create trigger {table}_row_is_final before update or delete on {table} for each row execute function refuse_change()"
SUM = """
create function require_whole_activation() returns trigger language plpgsql as $$
begin
    if (select coalesce(sum(share), 0) from activation_share where activation_id = coalesce((to_jsonb(new) ->> 'activation_id')::bigint, new.id)) <> 100 then
        raise exception 'the shares of an activation add up to 100' using errcode = 'check_violation', constraint = 'activation_is_whole';
    end if;
    return null;
end $$;
create constraint trigger activation_is_whole after insert on activation
    deferrable initially deferred for each row execute function require_whole_activation();
create constraint trigger activation_share_is_whole after insert on activation_share
    deferrable initially deferred for each row execute function require_whole_activation();
"""
DROP_SUM = """
drop trigger activation_is_whole on activation;
drop trigger activation_share_is_whole on activation_share;
drop function require_whole_activation();
"""


class Migration(migrations.Migration):
    dependencies = [("systems", "0006_add_activation_and_model_cards"), ("audit", "0002_refuse_changes")]
    operations = [
        *[migrations.RunSQL(FINAL.format(table=table), f"drop trigger {table}_row_is_final on {table}") for table in TABLES],
        migrations.RunSQL(SUM, DROP_SUM),
    ]
