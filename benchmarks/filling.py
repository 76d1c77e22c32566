"""A hundred thousand rows of each kind within seconds: rows that the portal made are multiplied by PostgreSQL itself.

Triggers and foreign keys are not asked meanwhile (they would double the time, and every reference is to a row that is there).
"""

# ruff: noqa: S608  # names of tables and conditions are this package's own

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import register, runs
from benchmarks.installation import Installation

SEED = 1_000  # prompts of the run that is made by the portal and multiplied
JUDGED_OF_TEN = 9
SYSTEMS = 1_000
SOME = 3  # systems of the reader who sees a few
CONCURRENCY, LATENCY_MS = 32, 5  # of the seed
MANY_FIELDS = "nist-ai-rmf"  # a catalogue with stages and sources

COLUMNS = """
select column_name from information_schema.columns
where table_schema = 'public' and table_name = %s and is_generated = 'NEVER' order by ordinal_position
"""


EVENTS = """
insert into notification_event (kind, key, message_id, scope_id, subject_kind, subject_id, title, body, url, is_always, actor_id)
select case when n %% 3 = 0 then 'benchmark.told' else 'measurements.run_ended' end, 'benchmark ' || n, gen_random_uuid(), %(scope)s, '', null,
    'Run ' || n || ' has ended', 'Nothing to do.', '/', false, (select min(id) from account_user)
from generate_series(1, %(most)s::int) n
"""
NOTIFICATIONS = """
insert into notification (event_id, recipient_id, kind, read_at)
select e.id, (select id from account_user where username = 'bench'), e.kind, case when e.id % 2 = 0 then now() end
from notification_event e where e.key like 'benchmark %' order by e.id
"""
MAILS = """
insert into notification_delivery (event_id, channel, notification_id, state, attempt_count, next_at, last_error, sent_at)
select event_id, 'email', id, case when id % 10 = 0 then 'dead' else 'sent' end, 1, null, '', case when id % 10 > 0 then now() end
from notification where recipient_id = (select id from account_user where username = 'bench') order by id
"""
ENTRIES = """
with person as (select id from account_user where username = 'bench'), entry as (
    insert into audit_entry (at, actor_id, action, scope_id, subject_kind, subject_id, subject_label, request_id, payload_digest, digest)
    select now(), person.id, 'harms.harm_changed', harm.system_id, 'harms.harm', harm.id, '', '', repeat('0', 64), repeat('0', 64) from harm, person
    returning id
)
insert into audit_payload (entry_id, salt, body)
select id, repeat('0', 32), '{"subject": "Harm", "changes": {"title": ["A", "B"]}, "reason": "", "details": {}}'::jsonb from entry
"""


@dataclass(frozen=True)
class Filled:
    """Ids of what was multiplied: a system, its big runs and their set version, systems of somebody who sees a few, the catalogue and the reader told.

    Sets and metrics belong to the system `shelf`: forms of a run offer everything that its own system has.
    """

    system: int
    shelf: int
    run: int
    second_run: int
    version: int
    some: tuple[int, ...]
    catalogue: str
    reader: int


def fill(portal: Installation, most: int) -> Filled:
    """`most` rows of each kind."""
    ready = runs.get_ready(portal, latency_ms=LATENCY_MS, concurrency=CONCURRENCY)
    shelf = int(runs.post(portal, "systems", name="Shelf", purpose="Measuring speed.")["id"])
    small, run, version = big_run(portal, ready, most)
    with unchecked(portal):
        second = _run(portal, small, version, most)
        many_things(portal, ready, shelf, run, most)
        many_systems(portal, ready)
        many_notifications(portal, ready, most)
    some = [row[0] for row in portal.database.execute("select scope_id from ai_system order by scope_id desc limit %s", [SOME - 1])]
    register.add_harms(portal, [ready.system, *some], 1, most)
    with unchecked(portal):
        portal.database.execute(ENTRIES)
    portal.analyse()
    reader = int(_row(portal, "select id from account_user where username = 'bench'")[0])
    return Filled(ready.system, shelf, run, second, version, (ready.system, *some), MANY_FIELDS, reader)


def multiply(portal: Installation, table: str, where: str, times: int, *, joins: str = "", **changes: str) -> None:
    """`times` copies of each row of a table that fits `where`.

    `changes` are SQL of columns that differ: `one` is the row, `n` the number of the copy, from 0.
    """
    columns = [name for (name,) in portal.database.execute(COLUMNS, [table])]
    given = {"id": f"nextval(pg_get_serial_sequence('{table}', 'id'))"} | changes
    values = ", ".join(given.get(name, f'one."{name}"') for name in columns)
    quoted = ", ".join(f'"{name}"' for name in columns)
    portal.database.execute(
        f"insert into {table} ({quoted}) select {values} from generate_series(0, {times - 1}) n, {table} one {joins} where {where} order by n, one.id"
    )


def big_run(portal: Installation, ready: runs.Ready, most: int) -> tuple[int, int, int]:
    """Ids of a run of the portal's own, of one made from it with `most` outputs, each tenth answer not judged, and of that one's set version."""
    seed = min(SEED, most)
    small = runs.make_version(portal, ready, runs.prompts(seed))
    seeded = runs.start(portal, ready, small, concurrency=CONCURRENCY)
    runs.await_estimates(portal, seeded)
    with unchecked(portal):
        version = _version(portal, small, most, seed)
        return seeded, _run(portal, seeded, version, most), version


def _run(portal: Installation, seeded: int, version: int, most: int) -> int:
    multiply(portal, "run", f"one.id = {seeded}", 1, set_version_id=str(version), planned_count=str(most))
    run = _newest(portal, "run")
    _results(portal, seeded, run, version, most, min(SEED, most))
    return run


def _version(portal: Installation, small: int, most: int, seed: int) -> int:
    multiply(portal, "measurement_set_version", f"one.id = {small}", 1, number="one.number + 1", case_count=str(most))
    version = _newest(portal, "measurement_set_version")
    said = "jsonb_build_array(jsonb_build_object('role', 'user', 'content', 'case ' || one.position || ' of part ' || n || ': how do I tie a bowline?'))"
    position = f"one.position + n * {seed}"
    place = {"version_id": str(version), "position": position, "key": f"md5('{version}/' || ({position}))", "messages": said}
    multiply(portal, "measurement_case", f"one.version_id = {small}", most // seed, **place)
    return version


def _results(portal: Installation, seeded: int, run: int, version: int, most: int, seed: int) -> None:
    portal.database.execute("analyze measurement_case")  # or the join below is planned for a table of a thousand rows
    times, of_run = most // seed, str(run)
    multiply(portal, "run_metric", f"one.run_id = {seeded}", 1, run_id=of_run)
    multiply(portal, "judging", f"one.run_id = {seeded}", 1, run_id=of_run)
    judging = f"(select id from judging where run_id = {run} order by id limit 1)"
    counts = {name: f"one.{name} * {times}" for name in ("first_item", "item_count", "answered", "refused", "failed", "input_blocked", "output_blocked")}
    multiply(portal, "lease", f"one.run_id = {seeded} and one.judging_id is null", 1, run_id=of_run, **counts)
    case = f"join measurement_case old on old.id = one.case_id join measurement_case new on new.version_id = {version} and new.position % {seed} = old.position"
    multiply(portal, "output", f"one.run_id = {seeded} and new.position / {seed} = n", times, joins=case, run_id=of_run, case_id="new.id")
    first = f"(select min(id) from output where run_id = {run})"
    portal.database.execute("analyze output")
    judged = (
        f"insert into judgement (run_id, output_id, metric_version_id, judge_version_id, judging_id, severity, is_harmful, reason, is_contradicted) "
        f"select {run}, o.id, j.metric_version_id, j.judge_version_id, case when j.judging_id is null then null else {judging} end, "
        f"case when o.id % 20 = 1 then 5 else 0 end, o.id % 20 = 1, '', false from output o, (select * from judgement where run_id = {seeded} limit 1) j "
        f"where o.run_id = {run} and (o.id - {first}) % 10 < {JUDGED_OF_TEN}"
    )
    portal.database.execute(judged)
    sums = {name: f"one.{name} * {times}" for name in ("numerator", "denominator")}
    multiply(portal, "estimate", f"one.run_id = {seeded}", 1, run_id=of_run, judging_id=judging, unjudged=str(most // 10), **sums)


def many_things(portal: Installation, ready: runs.Ready, shelf: int, run: int, most: int) -> None:
    """`most` sets with a version each, metrics, runs with their counters and estimates, people with a role, tokens, catalogue entries."""
    name = "one.name || ' copy ' || n"
    here = f"one.system_id = {ready.system}"
    copies = _copies(portal, "measurement_set", here, most, name=name, system_id=str(shelf))
    newest = "one.id = (select max(id) from measurement_set_version)"
    multiply(portal, "measurement_set_version", newest, most, measurement_set_id=f"{copies} + n", number="1")
    copies = _copies(portal, "metric", f"one.id = {ready.metric}", most, name=name, system_id=str(shelf))
    multiply(portal, "metric_version", f"one.metric_id = {ready.metric}", most, metric_id=f"{copies} + n")
    _runs(portal, run, most)
    copies = _copies(portal, "account_user", "one.username = 'bench'", most, username="'person-' || n", name="'Person ' || n", email="''")
    multiply(portal, "account_membership", "one.role = 'administrator'", most, user_id=f"{copies} + n", role="'viewer'", scope_id=str(ready.system))
    digest = "md5(n::text) || md5('token ' || n)"
    multiply(portal, "account_api_token", "one.name = 'bench'", most, user_id=f"{copies} + n", digest=digest)
    entry = f"one.id = (select min(id) from catalogue_entry where catalogue = '{MANY_FIELDS}')"
    copies = _copies(portal, "catalogue_entry", entry, most, slug="'copy-' || n", position="one.position + n", title="one.title || ' copy ' || n")
    version = f"one.entry_id = (select min(id) from catalogue_entry where catalogue = '{MANY_FIELDS}') and one.number = 1"
    multiply(portal, "catalogue_entry_version", version, most, entry_id=f"{copies} + n")


def _runs(portal: Installation, run: int, most: int) -> None:
    here = f"one.run_id = {run}"
    copies = _copies(portal, "run", f"one.id = {run}", most)
    multiply(portal, "run_metric", here, most, run_id=f"{copies} + n")
    none = dict.fromkeys(("first_item", "input_blocked", "output_blocked", "refused", "failed"), "0")
    newest = f"one.id = (select max(id) from lease where run_id = {run} and judging_id is null)"
    multiply(portal, "lease", newest, most, run_id=f"{copies} + n", item_count=str(most), answered=str(most), **none)
    judgings = _copies(portal, "judging", f"one.id = (select min(id) from judging where run_id = {run})", most, run_id=f"{copies} + n")
    multiply(portal, "estimate", f"{here} and one.stratum = ''", most, run_id=f"{copies} + n", judging_id=f"{judgings} + n")


def many_systems(portal: Installation, ready: runs.Ready) -> None:
    """A portfolio."""
    last = _newest(portal, "account_scope")
    multiply(portal, "account_scope", f"one.id = {ready.system}", SYSTEMS, name="'System ' || n", slug="'copy-' || n")
    portal.database.execute(
        "insert into ai_system select made.* from account_scope s, ai_system one, "
        "lateral jsonb_populate_record(null::ai_system, to_jsonb(one) || jsonb_build_object('scope_id', s.id)) made "
        "where s.id > %s and one.scope_id = %s",
        [last, ready.system],
    )


def many_notifications(portal: Installation, ready: runs.Ready, most: int) -> None:
    """`most` told to the administrator, every second one unread, each with a mail of which one in ten was given up."""
    portal.database.execute(EVENTS, {"most": most, "scope": ready.system})
    portal.database.execute(NOTIFICATIONS)
    portal.database.execute(MAILS)


@contextmanager
def unchecked(portal: Installation) -> Iterator[None]:
    """One transaction in which no trigger and no foreign key is asked."""
    with portal.database.transaction():
        portal.database.execute("set local session_replication_role = replica")
        yield


def _copies(portal: Installation, table: str, where: str, times: int, **changes: str) -> int:
    """The id of the first of `times` copies of one row; the planner is told of them."""
    last = _newest(portal, table)
    first = f"{last} + 1"
    multiply(portal, table, where, times, id=f"{first} + n", **changes)
    portal.database.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), {last} + {times})")
    portal.database.execute(f"analyze {table}")
    return last + 1


def _newest(portal: Installation, table: str) -> int:
    return int(_row(portal, f"select max(id) from {table}")[0])


def _row(portal: Installation, query: str, values: list[Any] | None = None) -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = portal.database.execute(query, values).fetchone()
    return found or (None,)
