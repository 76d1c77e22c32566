"""Every estimate belongs to a judging: those of earlier runs get the planned one that they came from."""

from __future__ import annotations

from django.db import migrations

FILL = """
insert into judging (run_id, metric_version_id, judge_version_id, number, is_planned, votes, planned_count, snapshot, state, cause, cause_detail,
                     reason, created_by_id, finished_at, updated_at)
select e.run_id, e.metric_version_id, e.judge_version_id, row_number() over (partition by e.run_id order by e.metric_version_id), true, 1, 0, '{}',
       'completed', '', '', '', r.created_by_id, coalesce(r.judged_at, now()), now()
from (select distinct run_id, metric_version_id, judge_version_id from estimate) e join run r on r.id = e.run_id;
set constraints all immediate;
alter table estimate disable trigger estimate_row_is_final;
update estimate e set judging_id = j.id from judging j where j.run_id = e.run_id and j.metric_version_id = e.metric_version_id;
set constraints all immediate;
alter table estimate enable trigger estimate_row_is_final;
"""


class Migration(migrations.Migration):
    dependencies = [("measurements", "0005_add_judgings_schedules_and_imported_runs")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
