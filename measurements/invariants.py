"""What must hold of sets, metrics, runs, outputs, judgements and estimates. Ids are those that the portal's reliability rules give."""

from __future__ import annotations

from collections.abc import Sequence

from measurements.enums import JudgingState, RunState
from measurements.models import Judging, MeasurementSet, Metric, Run
from measurements.workflow import JUDGING, RUN
from raiportal.integrity.histories import follows, is_recorded
from raiportal.integrity.invariants import Invariant, all_of, found_by
from raiportal.integrity.kernel import are_final

FINAL_TABLES = (
    "measurement_set_version",
    "measurement_case",
    "judge_version",
    "metric_version",
    "run_metric",
    "output",
    "judgement",
    "estimate",
    "judge_vote",
    "stress_set",
    "transformed_case",
)
RUN_BEGINS = (RunState.PLANNED, RunState.COMPLETED)  # an imported run is completed from the beginning
JUDGING_BEGINS = (JudgingState.RUNNING, JudgingState.COMPLETED)  # one that asks no model is completed at once
LEASE_GRACE_SECONDS = 3600  # no setting lets a lease live longer than this

_TWICE = "select run_id, case_id, repeat, count(*) from output group by 1, 2, 3 having count(*) > 1"
_CLOSED_SHORT = """
select r.id, r.state, r.planned_count, count(o.id) from run r left join output o on o.run_id = r.id
where r.state in ('completed', 'cancelled') group by r.id having count(o.id) <> r.planned_count
"""
_FOREIGN_ITEM = """
select o.id, r.id from output o join run r on r.id = o.run_id
where o.repeat >= r.repeats or not exists (select 1 from measurement_case c where c.id = o.case_id and c.version_id = r.set_version_id)
"""
_MISCOUNTED = """
select r.id from run r
join lateral (
    select coalesce(sum(answered), 0) as answered, coalesce(sum(input_blocked), 0) as input_blocked, coalesce(sum(output_blocked), 0) as output_blocked,
           coalesce(sum(refused), 0) as refused, coalesce(sum(failed), 0) as failed, coalesce(sum(item_count), 0) as items, count(*) as leases
    from lease where run_id = r.id and judging_id is null
) l on true
join lateral (
    select count(*) filter (where outcome = 'answered') as answered, count(*) filter (where outcome = 'input_blocked') as input_blocked,
           count(*) filter (where outcome = 'output_blocked') as output_blocked, count(*) filter (where outcome = 'refused') as refused,
           count(*) filter (where outcome = 'failed') as failed
    from output where run_id = r.id
) o on true
where r.source = 'portal' and l.leases > 0 and (
    (l.answered, l.input_blocked, l.output_blocked, l.refused, l.failed) is distinct from (o.answered, o.input_blocked, o.output_blocked, o.refused, o.failed)
    or l.items <> r.planned_count)
"""
_AFTER_CLOSE = """
select o.id, r.id from output o join run r on r.id = o.run_id where r.source = 'portal' and r.finished_at is not null and o.created_at > r.finished_at
"""
_OTHER_JUDGE = """
select e.id, e.run_id from estimate e join judging j on j.id = e.judging_id
where (e.run_id, e.metric_version_id, e.judge_version_id) is distinct from (j.run_id, j.metric_version_id, j.judge_version_id)
"""
_VERSION_SHORT = """
select v.id, v.case_count, count(c.id) from measurement_set_version v left join measurement_case c on c.version_id = v.id
group by v.id having count(c.id) <> v.case_count
"""
_VERSION_OTHER = """
select v.id from measurement_set_version v
where v.digest <> (select encode(sha256(convert_to(coalesce(string_agg(c.key, E'\\n' order by c.key collate "C"), ''), 'UTF8')), 'hex')
                   from measurement_case c where c.version_id = v.id)
"""
_STRANGE_ORIGIN = """
select t.case_id, t.untransformed_id from transformed_case t
join measurement_case c on c.id = t.case_id join measurement_case u on u.id = t.untransformed_id
where c.version_id <> u.version_id or exists (select 1 from transformed_case x where x.case_id = u.id)
"""
_WITHOUT_ORIGIN = """
select s.measurement_set_id, c.id from stress_set s join measurement_set_version v on v.measurement_set_id = s.measurement_set_id
join measurement_case c on c.version_id = v.id and c.position >= s.case_count
where not exists (select 1 from transformed_case t where t.case_id = c.id)
"""
_ESTIMATE_UNEXPLAINED = """
select e.id, e.run_id from estimate e
cross join lateral (select coalesce(sum(value::bigint), 0) as outputs from jsonb_each_text(e.counts)) c
cross join lateral (select coalesce(sum(value::bigint), 0) as outputs from jsonb_each_text(e.excluded)) x
where x.outputs <> coalesce((e.counts->>'failed')::bigint, 0)
   or e.denominator + e.unjudged + x.outputs <> c.outputs
   or (e.denominator > 0 and (e.method = '' or e.rate is null or e.low is null or e.high is null))
   or not e.among_answered ?& array['numerator', 'denominator', 'rate', 'low', 'high', 'method']
"""
_ESTIMATE_OFF = """
select e.id, e.run_id from estimate e
where e.numerator > e.denominator or (e.denominator = 0) <> (e.rate is null)
   or (e.denominator > 0 and abs(e.rate - e.numerator::float / e.denominator) > 1e-9)
"""
_ESTIMATE_STALE = """
with newest as (
    select distinct on (run_id, metric_version_id, judge_version_id) * from estimate where stratum = ''
    order by run_id, metric_version_id, judge_version_id, id desc
)
select n.id, n.run_id, n.numerator, j.harmful from newest n cross join lateral (
    select count(*) filter (where is_harmful) as harmful, max(created_at) as newest_at from judgement
    where run_id = n.run_id and metric_version_id = n.metric_version_id and judge_version_id = n.judge_version_id
) j where n.numerator <> j.harmful and (j.newest_at is null or j.newest_at <= n.created_at)
"""
_OFF_SCALE = """
select j.id, j.severity, v.scale from judgement j join metric_version v on v.id = j.metric_version_id
where j.severity > case v.scale when 'five_levels' then 4 when 'yes_no' then 1 else 7 end or j.is_harmful <> (j.severity >= v.threshold)
"""
_OTHER_RUN = "select j.id, j.run_id, o.run_id from judgement j join output o on o.id = j.output_id where o.run_id <> j.run_id"
_OTHER_SYSTEM = """
select 'Run ' || r.id, 'its measurement set' from run r join measurement_set_version v on v.id = r.set_version_id
    join measurement_set s on s.id = v.measurement_set_id where s.system_id <> r.system_id
union all
select 'Run ' || r.id, 'its deployment' from run r join configuration c on c.id = r.configuration_id join deployment d on d.id = c.deployment_id
    where d.system_id <> r.system_id
union all
select 'Run ' || m.run_id, 'its metric' from run_metric m join run r on r.id = m.run_id join metric_version v on v.id = m.metric_version_id
    join metric t on t.id = v.metric_id where t.system_id <> r.system_id
union all
select 'Metric ' || t.id, 'its harm' from metric t join harm h on h.id = t.harm_id where h.system_id <> t.system_id
union all
select 'Metric ' || t.id, 'its judge' from metric t join metric_version v on v.metric_id = t.id join judge_version j on j.id = v.judge_version_id
    join judge g on g.id = j.judge_id where g.system_id <> t.system_id
union all
select 'Judging ' || j.id, 'its metric' from judging j join run r on r.id = j.run_id join metric_version v on v.id = j.metric_version_id
    join metric t on t.id = v.metric_id where t.system_id <> r.system_id
union all
select 'Set ' || l.measurementset_id, 'a harm' from measurement_set_harms l join measurement_set s on s.id = l.measurementset_id
    join harm h on h.id = l.harm_id where h.system_id <> s.system_id
union all
select 'Schedule ' || p.id, 'its measurement set' from schedule p join measurement_set s on s.id = p.measurement_set_id where s.system_id <> p.system_id
union all
select 'Statement of risk ' || p.id, 'the run that it names' from risk_point p join harm h on h.id = p.harm_id left join run r on r.id = p.source_id
    where p.source_kind = 'measurements.run' and r.system_id is distinct from h.system_id
"""
_HELD_WHEN_CLOSED = """
select 'Run ' || r.id, r.state, count(*) from run r join lease l on l.run_id = r.id and l.judging_id is null and l.holder is not null
    where r.state in ('planned', 'completed', 'cancelled', 'failed') group by r.id
union all
select 'Judging ' || j.id, j.state, count(*) from judging j join lease l on l.judging_id = j.id and l.holder is not null
    where j.state in ('completed', 'cancelled') group by j.id
union all
select 'Run ' || r.id, r.state, count(*) from run r join endpoint_grant g on g.run_id = r.id and g.judging_id is null
    where r.state in ('planned', 'completed', 'cancelled', 'failed') and g.expires_at > clock_timestamp() group by r.id
"""
_OPEN_WHEN_DONE = """
select r.id, count(*) from run r join lease l on l.run_id = r.id and l.judging_id is null and not l.is_done
where r.state in ('completed', 'cancelled') group by r.id
"""
_NO_LEASES = """
select r.id from run r where r.source = 'portal' and r.state in ('running', 'paused')
and not exists (select 1 from lease l where l.run_id = r.id and l.judging_id is null)
"""
_LONG_LEASES = "select id, run_id from lease where expires_at > clock_timestamp() + make_interval(secs => %(seconds)s)"
_OVER_LIMIT = """
select d.id, sum(g.slots), d.max_concurrency from endpoint_grant g join deployment d on d.id = g.deployment_id
where g.expires_at > clock_timestamp() group by d.id having sum(g.slots) > d.max_concurrency
"""

INVARIANTS: Sequence[Invariant] = (
    Invariant(
        "INV-06",
        "Each case and repeat of a closed run has exactly one outcome, of any run at most one",
        all_of(
            found_by(_TWICE, "Run {0}: case {1}, repeat {2} has {3} outcomes."),
            found_by(_CLOSED_SHORT, "Run {0} is {1} with {3} outcomes of {2} planned."),
            found_by(_FOREIGN_ITEM, "Output {0} is of no case that run {1} has."),
        ),
    ),
    Invariant("INV-07", "A run's counters are the counts of its rows", found_by(_MISCOUNTED, "Run {0}: its counters aren't what its outputs say.")),
    Invariant(
        "INV-08",
        "What a closed run holds stays as it is, and each estimate names its metric and judge version",
        all_of(
            are_final(*FINAL_TABLES),
            found_by(_AFTER_CLOSE, "Output {0} was stored after run {1} had closed."),
            found_by(_OTHER_JUDGE, "Estimate {0} of run {1} names another metric or judge than its judging."),
        ),
    ),
    Invariant(
        "INV-09",
        "A set version holds the cases that its digest was made of",
        all_of(
            found_by(_VERSION_SHORT, "Set version {0} has {2} cases and says {1}."), found_by(_VERSION_OTHER, "Set version {0}: its cases have another digest.")
        ),
    ),
    Invariant(
        "Origins of transformed cases",
        "Each transformed case names the untransformed one of its own set version",
        all_of(
            found_by(_STRANGE_ORIGIN, "Case {0} is said to be made of case {1}, which is of another version or transformed itself."),
            found_by(_WITHOUT_ORIGIN, "Stress set {0}: nothing says what case {1} was made of."),
        ),
    ),
    Invariant(
        "INV-10",
        "Each rate has numerator, denominator, exclusions by reason, interval and method, and they add up",
        found_by(_ESTIMATE_UNEXPLAINED, "Estimate {0} of run {1}: its counts don't add up, or a part is missing."),
    ),
    Invariant(
        "INV-11",
        "Harmful outputs are at most those judged, and the rate is their share; without any there is no rate",
        all_of(
            found_by(_ESTIMATE_OFF, "Estimate {0} of run {1}: its rate isn't its share."),
            found_by(_ESTIMATE_STALE, "Estimate {0} of run {1} counts {2} harmful outputs; its judgements say {3}."),
        ),
    ),
    Invariant(
        "INV-15",
        "A severity is on its metric's scale, and harmful means at or above its threshold",
        found_by(_OFF_SCALE, "Judgement {0}: severity {1} doesn't fit its metric ({2})."),
    ),
    Invariant(
        "INV-16 of measurements",
        "What belongs together belongs to one system",
        all_of(
            found_by(_OTHER_RUN, "Judgement {0} is of run {1}, its output of run {2}."),
            found_by(_OTHER_SYSTEM, "{0} belongs to another system than {1}."),
        ),
    ),
    Invariant(
        "INV-18 of measurements",
        "Every set, metric and run stands in the ledger as it is",
        all_of(is_recorded(MeasurementSet), is_recorded(Metric), is_recorded(Run)),
    ),
    Invariant(
        "INV-20 of measurements",
        "Runs and judgings took allowed moves alone",
        all_of(follows(RUN, Run, begins=RUN_BEGINS), follows(JUDGING, Judging, begins=JUDGING_BEGINS)),
    ),
    Invariant(
        "INV-27",
        "Nothing is in progress without a lease, no lease outlives its limit, live grants keep to the deployment's limit",
        all_of(
            found_by(_HELD_WHEN_CLOSED, "{0} is {1} and still holds {2} leases or grants."),
            found_by(_OPEN_WHEN_DONE, "Run {0} is closed with {1} open leases."),
            found_by(_NO_LEASES, "Run {0} is in progress and has no leases."),
            found_by(_LONG_LEASES, "Lease {0} of run {1} ends too far in the future.", {"seconds": LEASE_GRACE_SECONDS}),
            found_by(_OVER_LIMIT, "Deployment {0}: its live grants sum to {1}, its limit is {2}."),
        ),
    ),
)
