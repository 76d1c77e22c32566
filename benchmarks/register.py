"""The harm register at three sizes: queries, time and bytes of its first page don't grow with its rows."""

from __future__ import annotations

from itertools import count

from benchmarks import runs
from benchmarks.installation import Installation
from benchmarks.line import Line
from benchmarks.visits import Visit, asked, readers, visit

SMALL, STEP = 10, 10  # rows of the smallest register; the middle one has a tenth of the largest
SYSTEMS = 12
ASKED = 15  # requests, of which the median counts
MOST_QUERIES = 8
FLAT_RATIO = 1.2
MOST_KILOBYTES = 100
MILLISECONDS = 1_000
_names = count(1)

HARMS = """
with known as (select array_agg(id order by id) ids from harm_category), person as (select id from account_user where username = 'bench')
insert into harm (system_id, title, description, category_id, origin, state, owner_id, library_entry, priority, severity, frequency,
    inherent_score, inherent_severity, inherent_frequency, created_at, created_by_id, updated_at,
    model_name, treatment, treatment_words, state_before, reopened_count)
select (%(systems)s::bigint[])[(1 + n %% cardinality(%(systems)s::bigint[]))::int],
    'Harm ' || n || ' ' || (array['invented dose', 'leaked note', 'stale rule', 'unfair refusal', 'wrong tone'])[(1 + n %% 5)::int],
    'What happens in case ' || n || ': somebody relies on it, and ' || md5(n::text) || ' follows. ' || repeat('It takes a while to notice. ', 3),
    known.ids[(1 + n %% cardinality(known.ids))::int], (array['model', 'application', 'scenario'])[(1 + n %% 3)::int],
    case when n %% 10 = 0 then 'proposed' else 'assessed' end, case when n %% 4 = 0 then null else person.id end, '',
    case when n %% 10 = 0 then 0 else s * f end, case when n %% 10 = 0 then null else s end, case when n %% 10 = 0 then null else f end,
    case when n %% 10 = 0 then null else s * f end, case when n %% 10 = 0 then null else s end, case when n %% 10 = 0 then null else f end,
    now() - n * interval '1 minute', person.id, now(), '', '', '', '', 0
from known, person, generate_series(%(first)s::bigint, %(last)s::bigint) n,
    lateral (select (1 + (n / 3) %% 5)::smallint s, (1 + (n / 7) %% 5)::smallint f) levels
"""
POINTS = """
insert into risk_point (harm_id, kind, scale_id, severity, frequency, score, rationale, created_at, created_by_id)
select harm.id, 'inherent', (select max(id) from risk_scale), harm.severity, harm.frequency, harm.priority, 'Seen in a pilot.', now(), harm.created_by_id
from harm where priority > 0 and id > %(newest)s
"""


def register(portal: Installation, most: int) -> list[Line]:
    """The first page of 50 by priority with ten harms, a tenth of `most`, and `most`: for a reader of every system and for one of three."""
    systems = [int(runs.post(portal, "systems", name=f"Register {next(_names)}", purpose="Measuring speed.")["id"]) for _ in range(SYSTEMS)]
    people = readers(portal, systems[:3])[:2]
    queries: dict[str, list[int]] = {reader.name: [] for reader in people}
    visits: dict[str, list[Visit]] = {reader.name: [] for reader in people}
    there = 0
    for size in (SMALL, most // STEP, most):
        add_harms(portal, systems, there + 1, size)
        there = size
        for reader in people:
            queries[reader.name].append(asked(portal, "queries", reader.key, "/harms/"))
            visits[reader.name].append(visit(reader, "/harms/", ASKED))
    return [line for reader in people for line in _register_lines(reader.name, most, queries[reader.name], visits[reader.name])]


def _register_lines(name: str, most: int, queries: list[int], visits: list[Visit]) -> list[Line]:
    what = f"register of {most:,} harms, reader of {name}"
    milliseconds = [visit.seconds * MILLISECONDS for visit in visits]
    figures = f"{milliseconds[2]:.1f} / {milliseconds[1]:.1f} ms; {milliseconds[0]:.1f} ms with {SMALL}"
    return [
        Line(f"{what}: queries", max(queries), MOST_QUERIES, f"{queries} with {SMALL}, {most // STEP:,}, {most:,}"),
        Line(f"{what}: queries more than with {SMALL}", max(queries) - min(queries), 0),
        Line(f"{what}: time / time of {most // STEP:,}", milliseconds[2] / milliseconds[1], FLAT_RATIO, figures),
        Line(f"{what}: KB of the page", max(visit.size for visit in visits) / 1000, MOST_KILOBYTES),
    ]


def add_harms(portal: Installation, systems: list[int], first: int, last: int) -> None:
    """Harms numbered from `first` to `last`, spread over the systems, nine of ten assessed."""
    (newest,) = portal.database.execute("select coalesce(max(id), 0) from harm").fetchone() or (0,)
    with portal.database.transaction():
        portal.database.execute(HARMS, {"systems": systems, "first": first, "last": last})
        portal.database.execute(POINTS, {"newest": newest})
    portal.analyse()
