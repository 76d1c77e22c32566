"""What the votes of a judging come to: one judgement for each output about which more than half of its votes say something."""

from __future__ import annotations

from django.db import connection

from measurements.models import Judging

# As `measurements.judges.model.decide` does it: the median, rounded up. The reason is that of the vote in the middle, of two the higher one.
_CONCLUDE = """
insert into judgement (run_id, output_id, metric_version_id, judge_version_id, judging_id, severity, is_harmful, reason, spread, is_contradicted)
select %(run)s, output_id, %(metric)s, %(judge)s, %(judging)s, severity, severity >= %(threshold)s, reason, spread, is_contradicted
from (
    select output_id, ceil(percentile_cont(0.5) within group (order by severity))::smallint as severity, max(severity) - min(severity) as spread,
           bool_or(is_contradicted) as is_contradicted, (array_agg(explanation order by severity, number))[count(*) / 2 + 1] as reason
    from judge_vote where judging_id = %(judging)s and severity is not null
    group by output_id having 2 * count(*) > %(votes)s
) decided
on conflict do nothing
"""


def conclude(judging: Judging) -> int:
    """Write the judgements in one statement, and return how many there are. The caller has seen that no vote is missing."""
    arguments = {
        "run": judging.run_id,
        "judging": judging.pk,
        "metric": judging.metric_version_id,
        "judge": judging.judge_version_id,
        "threshold": judging.metric_version.threshold,
        "votes": judging.votes,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CONCLUDE, arguments)
        return cursor.rowcount
