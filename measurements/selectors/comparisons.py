"""Two runs on the same cases, output by output: which pairs changed, and which can't be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import QuerySet

from measurements.enums import CLOSED_STATES, JudgeKind, Outcome
from measurements.models import Estimate, MetricVersion, Run
from measurements.selectors import estimates as estimate_selectors
from measurements.selectors.reported_models import Reported, reported
from measurements.selectors.runs import counts_of
from measurements.statistics import Interval, PairCounts, mcnemar_exact, paired_difference, paired_interval
from raiportal.look.formats import number
from systems.models import AISystem

MOST_OFFERED = 200  # runs in a list to choose from
PAIRS_A_PAGE = 50
CACHED_SECONDS = 86_400
ADDRESS = "base url"  # how a difference of addresses is named

# An output that ended blocked or refused counts as not harmful; one that failed, or was answered and not judged, counts as neither.
_SIDE = """
select o.case_id, o.repeat, o.id, o.stratum, j.severity,
       case when o.outcome = 'failed' then 'failed' when o.outcome = 'answered' and j.id is null then 'unjudged'
            when j.is_harmful then 'harmful' else 'harmless' end as verdict
from output o left join judgement j on j.output_id = o.id and j.metric_version_id = %(metric)s and j.judge_version_id = %(judge)s
where o.run_id = %({side})s
"""
# The same rows where only harmful or only failed ones are wanted, said so that an index finds them.
_HARMFUL = """
select o.case_id, o.repeat, o.id, o.stratum, j.severity, 'harmful' as verdict from judgement j join output o on o.id = j.output_id
where j.run_id = %({side})s and j.metric_version_id = %(metric)s and j.judge_version_id = %(judge)s and j.severity > 0 and j.is_harmful
    and o.outcome <> 'failed'
"""
_FAILED = "select case_id, repeat, id, stratum, null::smallint as severity, 'failed' as verdict from output where run_id = %({side})s and outcome = 'failed'"

# Where both are harmless, nearly every pair is: said so that the planner knows it, and walks along the index until the page is full.
_HARMLESS = """
select o.case_id, o.repeat, o.id, o.stratum, j.severity, 'harmless' as verdict
from output o left join judgement j on j.output_id = o.id and j.metric_version_id = %(metric)s and j.judge_version_id = %(judge)s
where o.run_id = %({side})s and o.outcome <> 'failed' and (o.outcome <> 'answered' or j.id is not null) and j.is_harmful is not true
"""

_CELLS = f"""
with f as ({_SIDE.format(side="first")}), s as ({_SIDE.format(side="second")})
select coalesce(f.stratum, s.stratum), coalesce(f.verdict, 'absent'), coalesce(s.verdict, 'absent'), count(*)
from f full join s using (case_id, repeat) group by 1, 2, 3
"""  # noqa: S608 (constants)
_PAIRS = """
with f as ({first}), s as ({second})
select c.id, c.position, c.external_id, f.repeat, f.stratum, f.id, s.id, f.severity, s.severity
from f join s using (case_id, repeat) join measurement_case c on c.id = f.case_id
where f.verdict = %(before)s and s.verdict = %(after)s and (f.case_id, f.repeat) > (%(case)s, %(repeat)s)
    and (s.case_id, s.repeat) > (%(case)s, %(repeat)s)
order by f.case_id, f.repeat limit %(most)s
"""


class Verdict(StrEnum):
    """What one run's output counts as. ABSENT: the run has no output for this case, as an imported one may."""

    HARMFUL = "harmful"
    HARMLESS = "harmless"
    UNJUDGED = "unjudged"
    FAILED = "failed"
    ABSENT = "absent"


COUNTED = (Verdict.HARMFUL, Verdict.HARMLESS)
Cells = Mapping[tuple[Verdict, Verdict], int]


@dataclass(frozen=True)
class MetricPair:
    """One metric by which both runs were judged in the same way."""

    version: MetricVersion
    first: Estimate
    second: Estimate


@dataclass(frozen=True)
class Comparison:
    """What two runs have in common. `obstacles` say why nothing can be compared, `lacking` why a metric can't."""

    first: Run
    second: Run
    obstacles: Sequence[str]
    metrics: Sequence[MetricPair]
    lacking: Sequence[str]


@dataclass(frozen=True)
class Paired:
    """The pairs of one metric, by what each side counts as."""

    cells: Cells

    @cached_property
    def counts(self) -> PairCounts:
        harmful, harmless = COUNTED
        return PairCounts(
            self.cells.get((harmful, harmful), 0),
            self.cells.get((harmful, harmless), 0),
            self.cells.get((harmless, harmful), 0),
            self.cells.get((harmless, harmless), 0),
        )

    @property
    def gaps(self) -> int:
        """Pairs of which a side failed, wasn't judged or isn't there."""
        return sum(self.cells.values()) - self.counts.total

    @cached_property
    def interval(self) -> Interval | None:
        return paired_interval(self.counts) if self.counts.total else None

    @cached_property
    def difference(self) -> float | None:
        return paired_difference(self.counts) if self.counts.total else None

    @cached_property
    def p_value(self) -> float:
        return mcnemar_exact(self.counts)


@dataclass(frozen=True)
class Pair:
    """One case and repeat with the output of either run."""

    case_id: int
    position: int
    external_id: str
    repeat: int
    stratum: str
    first_output: int
    second_output: int
    first_severity: int | None
    second_severity: int | None


def closed_runs(system: AISystem, like: Run | None = None) -> QuerySet[Run]:
    """Runs of a system that ended, newest first; with `like` those on the same set version. Only what names them is read."""
    runs = Run.objects.filter(system=system, state__in=CLOSED_STATES, judged_at__isnull=False)
    if like is not None:
        runs = runs.filter(set_version=like.set_version_id).exclude(pk=like.pk)
    named = runs.select_related("configuration__deployment", "set_version__measurement_set")
    return named.only("configuration__deployment__name", "set_version__number", "set_version__measurement_set__name").order_by("-pk")[:MOST_OFFERED]


def comparison(first: Run, second: Run) -> Comparison:
    """What of the two can be compared."""
    obstacles = list(_obstacles(first, second))
    if obstacles:
        return Comparison(first, second, obstacles, (), ())
    before, after = _by_metric(first), _by_metric(second)
    metrics = [MetricPair(before[key].metric_version, before[key], after[key]) for key in before if key in after and _alike(before[key], after[key])]
    lacking = [line for key in dict.fromkeys([*before, *after]) if (line := _lack(before.get(key), after.get(key), first, second))]
    return Comparison(first, second, (), metrics, lacking)


def paired(pair: MetricPair) -> dict[str, Paired]:
    """Pairs by stratum, and over all under "". Counted once: what two estimates were worked out from doesn't change."""
    key = f"pairs-{pair.first.pk}-{pair.second.pk}"
    rows = cache.get(key)
    if rows is None:
        rows = _counted(pair)
        cache.set(key, rows, CACHED_SECONDS)
    strata: dict[str, dict[tuple[Verdict, Verdict], int]] = {"": {}}
    for stratum, before, after, count in rows:
        cell = (Verdict(before), Verdict(after))
        for place in {"", stratum}:
            cells = strata.setdefault(place, {})
            cells[cell] = cells.get(cell, 0) + count
    return {stratum: Paired(cells) for stratum, cells in strata.items()}


def _counted(pair: MetricPair) -> list[tuple[str, str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_CELLS, _arguments(pair))
        return cursor.fetchall()


def pairs_in(pair: MetricPair, cell: tuple[Verdict, Verdict], after: tuple[int, int] | None) -> list[Pair]:
    """One more than a page of the pairs of a cell, by case, behind the case id and repeat `after`."""
    case, repeat = after or (0, 0)
    before_word, after_word = (verdict.value for verdict in cell)
    sides = {name: _narrowed(verdict).format(side=name) for name, verdict in zip(("first", "second"), cell, strict=True)}
    arguments = {**_arguments(pair), "before": before_word, "after": after_word, "case": case, "repeat": repeat, "most": PAIRS_A_PAGE + 1}
    with transaction.atomic(), connection.cursor() as cursor:
        if cell == (Verdict.HARMLESS, Verdict.HARMLESS):
            cursor.execute("set local enable_hashjoin = off")  # nearly all pairs are here, so the first page is found by going along the index
            cursor.execute("set local enable_mergejoin = off")
        cursor.execute(_PAIRS.format(**sides), arguments)
        return [Pair(*row) for row in cursor.fetchall()]


def _narrowed(verdict: Verdict) -> str:
    return {Verdict.HARMFUL: _HARMFUL, Verdict.HARMLESS: _HARMLESS, Verdict.FAILED: _FAILED}.get(verdict, _SIDE)


def differences(first: Run, second: Run) -> list[tuple[str, str, str]]:
    """What may explain a change, name, first, second: in the configurations, in what the endpoint called itself, in how the outputs ended."""
    return [*_differing_settings(first, second), *_differing_facts(first, second)]


def _differing_settings(first: Run, second: Run) -> list[tuple[str, str, str]]:
    before, after = (run.snapshot["configuration"]["snapshot"] for run in (first, second))
    names = [name for name in dict.fromkeys([*before, *after]) if name != "parameters"]
    found = [(name.replace("_", " "), _plain(before.get(name)), _plain(after.get(name))) for name in names if before.get(name) != after.get(name)]
    one, other = (snapshot.get("parameters") or {} for snapshot in (before, after))
    changed = [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]
    return found + [(f"parameter {name}", _plain(one.get(name)), _plain(other.get(name))) for name in changed]


def _differing_facts(first: Run, second: Run) -> Iterator[tuple[str, str, str]]:
    before, after = (run.snapshot["deployment"] for run in (first, second))
    if before["id"] != after["id"]:
        yield "deployment", before["name"], after["name"]
    one, other = (reported(run) for run in (first, second))
    if {each.words for each in one} != {each.words for each in other}:
        yield "model reported", _named(one), _named(other)
    counts = counts_of([first, second])
    for outcome in Outcome:
        ended, later = (counts[run.pk].outcomes[outcome] for run in (first, second))
        if ended != later:
            yield outcome.label, number(ended), number(later)


def _named(reported_by_one: Sequence[Reported]) -> str:
    return " and ".join(each.words for each in reported_by_one) or "nothing said"


def _obstacles(first: Run, second: Run) -> Iterator[str]:
    if first.pk == second.pk:
        yield "This is one and the same run."
        return
    for run in (first, second):
        if run.judged_at is None:
            yield f"{run.code} has no estimates yet."
    if first.set_version_id != second.set_version_id:
        yield (
            f"{first.code} measured {first.set_version}, {second.code} measured {second.set_version}. "
            "Pairs need the same version of the same set: run one of the configurations again on the other's version."
        )
    if first.repeats != second.repeats:
        yield f"{first.code} asked each case {_times(first.repeats)}, {second.code} {_times(second.repeats)}."


def _by_metric(run: Run) -> dict[int, Estimate]:
    return {row.metric_version.metric_id: row for row in estimate_selectors.estimates_of(run) if not row.stratum}


def _alike(first: Estimate, second: Estimate) -> bool:
    return (first.metric_version_id, first.judge_version_id) == (second.metric_version_id, second.judge_version_id)


def _lack(first: Estimate | None, second: Estimate | None, one: Run, other: Run) -> str:
    """Why a metric of either run can't be compared; nothing when it can."""
    if first is None or second is None:
        there = first or second
        assert there is not None
        is_imported = there.judge_version.judge.kind == JudgeKind.IMPORTED
        remedy = "Its verdicts came with a file: there is no judge to ask." if is_imported else "Judge that run again by this metric."
        return f"{there.metric_version.metric}: {(other if first else one).code} was not judged by it. {remedy}"
    if _alike(first, second):
        return ""
    numbers = f"version {first.metric_version.number} by {first.judge_version} and version {second.metric_version.number} by {second.judge_version}"
    return f"{first.metric_version.metric}: the runs were judged by {numbers}. Judge the older run again by the newest version."


def _arguments(pair: MetricPair) -> dict[str, Any]:
    return {"first": pair.first.run_id, "second": pair.second.run_id, "metric": pair.version.pk, "judge": pair.first.judge_version_id}


def _times(repeats: int) -> str:
    return {1: "once", 2: "twice"}.get(repeats, f"{repeats} times")


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return f"v{value['number']}" if "number" in value else ", ".join(f"{name} {part}" for name, part in value.items())
    return "none" if value in (None, "") else str(value)
