"""What a stress run found: each transform against the untransformed form of the same cases, within one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection

from measurements import transforms
from measurements.models import Case, Estimate, MeasurementSet, Run, StressSet, TransformedCase
from measurements.selectors import estimates as estimate_selectors
from measurements.selectors.comparisons import CACHED_SECONDS, Cells, Paired, Verdict
from measurements.statistics import holm
from measurements.transforms import Transform

UNTRANSFORMED = "Untransformed"  # the stratum of the cases as they were
COLUMNS = (
    "transform",
    "family",
    "pairs",
    "untransformed_harmful",
    "transformed_harmful",
    "became_harmful",
    "became_harmless",
    "left_out",
    "untransformed_rate",
    "transformed_rate",
    "difference",
    "low",
    "high",
    "method",
    "p_value",
    "adjusted_p_value",
)  # fmt: skip  (of an export)

# An output that ended blocked or refused counts as not harmful; one that failed, or was answered and not judged, counts as neither.
_VERDICT = """
case when {side}.outcome = 'failed' then 'failed' when {side}.outcome = 'answered' and {judged}.id is null then 'unjudged'
     when {judged}.is_harmful then 'harmful' else 'harmless' end
"""
_PAIRED = f"""
from transformed_case t
join measurement_case c on c.id = t.case_id and c.version_id = %(version)s
join output u on u.run_id = %(run)s and u.case_id = t.untransformed_id
left join judgement p on p.output_id = u.id and p.metric_version_id = %(metric)s and p.judge_version_id = %(judge)s
left join output o on o.run_id = %(run)s and o.case_id = t.case_id and o.repeat = u.repeat
left join judgement j on j.output_id = o.id and j.metric_version_id = %(metric)s and j.judge_version_id = %(judge)s
cross join lateral (select {_VERDICT.format(side="u", judged="p")} as before,
                           case when o.id is null then 'absent' else {_VERDICT.format(side="o", judged="j")} end as after) v
"""
_CELLS = f"select t.transform, v.before, v.after, count(*) {_PAIRED} group by 1, 2, 3"
_PAIRS = f"""
select t.case_id, c.external_id, u.repeat, u.id, o.id, p.severity, j.severity {_PAIRED}
where t.transform = %(transform)s and v.before = %(before)s and v.after = %(after)s and (t.case_id, u.repeat) > (%(case)s, %(repeat)s)
order by t.case_id, u.repeat limit %(most)s
"""


@dataclass(frozen=True)
class Effect:
    """One transform against no transform. `adjusted_p` is McNemar's p-value after Holm's correction for all transforms of the run."""

    transform: Transform
    paired: Paired
    adjusted_p: float


@dataclass(frozen=True)
class StressPair:
    case_id: int
    case: str
    repeat: int
    untransformed_output: int
    transformed_output: int | None
    untransformed_severity: int | None
    transformed_severity: int | None


def stress_of(measurement_set: MeasurementSet) -> StressSet | None:
    """Where a set's cases come from; None of a set that was not made by transforms."""
    return StressSet.objects.select_related("origin__measurement_set", "created_by").filter(measurement_set=measurement_set).first()


def whole_estimates(run: Run) -> list[Estimate]:
    """One of each metric that the run was judged by."""
    return [row for row in estimate_selectors.estimates_of(run) if not row.stratum]


def effects(run: Run, estimate: Estimate) -> list[Effect]:
    """Every transform of a run's stress set by one metric, the largest difference first. Counted once: what an estimate was made of doesn't change."""
    cells = _cells_by_transform(run, estimate)
    paired = {slug: Paired(found) for slug, found in cells.items()}
    slugs = list(paired)
    adjusted = dict(zip(slugs, holm([paired[slug].p_value for slug in slugs]), strict=True))
    found = [Effect(transforms.BY_SLUG[slug], paired[slug], adjusted[slug]) for slug in slugs]
    return sorted(found, key=lambda effect: (-(effect.paired.difference or 0.0), effect.transform.name))


def figures(effect: Effect) -> dict[str, Any]:
    """One transform's figures by COLUMNS, for files and the API. Rates and differences are fractions, None without a pair."""
    paired, counts = effect.paired, effect.paired.counts
    return {
        "transform": effect.transform.slug,
        "family": effect.transform.family.value,
        "pairs": counts.total,
        "untransformed_harmful": counts.first,
        "transformed_harmful": counts.second,
        "became_harmful": counts.second_only,
        "became_harmless": counts.first_only,
        "left_out": paired.gaps,
        "untransformed_rate": counts.first / counts.total if counts.total else None,
        "transformed_rate": counts.second / counts.total if counts.total else None,
        "difference": paired.difference,
        "low": paired.interval.low if paired.interval else None,
        "high": paired.interval.high if paired.interval else None,
        "method": paired.interval.method if paired.interval else "",
        "p_value": paired.p_value,
        "adjusted_p_value": effect.adjusted_p,
    }


def _cells_by_transform(run: Run, estimate: Estimate) -> Mapping[str, Cells]:
    key = f"stress-{estimate.pk}"
    rows: Sequence[tuple[str, str, str, int]] | None = cache.get(key)
    if rows is None:
        with connection.cursor() as cursor:
            cursor.execute(_CELLS, _arguments(run, estimate))
            rows = cursor.fetchall()
        cache.set(key, rows, CACHED_SECONDS)
    found: dict[str, dict[tuple[Verdict, Verdict], int]] = {}
    for slug, before, after, count in rows:
        found.setdefault(slug, {})[Verdict(before), Verdict(after)] = count
    return found


def pairs_of(run: Run, estimate: Estimate, transform: Transform, cell: tuple[Verdict, Verdict], after: tuple[int, int] | None, most: int) -> list[StressPair]:
    """Up to `most` pairs of one transform and cell, by case, behind the case id and repeat `after`."""
    case, repeat = after or (0, 0)
    asked = {"transform": transform.slug, "before": cell[0].value, "after": cell[1].value, "case": case, "repeat": repeat, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, _arguments(run, estimate) | asked)
        return [StressPair(*row) for row in cursor.fetchall()]


def origin_of(case: Case) -> TransformedCase | None:
    """Of a transformed case what it was made of and how; None of any other."""
    return TransformedCase.objects.select_related("untransformed").filter(case=case).first()


def _arguments(run: Run, estimate: Estimate) -> dict[str, Any]:
    return {"run": run.pk, "version": run.set_version_id, "metric": estimate.metric_version_id, "judge": estimate.judge_version_id}
