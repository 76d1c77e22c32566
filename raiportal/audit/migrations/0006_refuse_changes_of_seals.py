"""From here on every entry has its digest from the database, segments are written once, and payloads change by erasure alone."""

from __future__ import annotations

from django.db import migrations, models

TRIGGERS = """
create trigger audit_entry_is_numbered before insert on audit_entry for each row execute function audit_number_and_digest();
drop trigger audit_payload_row_is_final on audit_payload;
create trigger audit_payload_row_is_final before update or delete on audit_payload for each row execute function refuse_all_but_erasure();
create trigger audit_segment_row_is_final before update or delete on audit_segment for each row execute function refuse_change();
create trigger audit_segment_is_never_emptied before truncate on audit_segment for each statement execute function refuse_change();
"""
NO_TRIGGERS = """
drop trigger audit_entry_is_numbered on audit_entry;
drop trigger audit_payload_row_is_final on audit_payload;
create trigger audit_payload_row_is_final before update or delete on audit_payload for each row execute function refuse_change();
drop trigger audit_segment_row_is_final on audit_segment;
drop trigger audit_segment_is_never_emptied on audit_segment;
"""
SHAPE = "^[0-9a-f]{64}$"


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_give_older_entries_digests")]
    operations = [
        migrations.AddConstraint("entry", models.CheckConstraint(name="entry_own_digest_shape", condition=models.Q(digest__regex=SHAPE))),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
