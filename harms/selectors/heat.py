"""What the heat-map counts: harms by severity and frequency, by the score that ranks them or by one of the four."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, IntegerField, QuerySet
from django.db.models.expressions import RawSQL

from harms.models import HIGHEST_LEVEL
from harms.selectors.register import Register

MOST_COUNTED = 500  # rows up to which a count is exact; more are said as "500+"
Counts = dict[tuple[int, int], int]
CELLS = """array(
    select (select count(*) from (select 1 from {table} counted where counted.severity = s and counted.frequency = f {where} limit {most}) cell)
    from generate_series(1, {levels}) s, generate_series(1, {levels}) f order by s, f
)"""


def levels_of_point(point: str) -> tuple[str, str]:
    """The two columns of a risk point ("" for the score that ranks)."""
    return (f"{point}_severity", f"{point}_frequency") if point else ("severity", "frequency")


def counts_of(rows: QuerySet[Any], point: str) -> Counts:
    """Every row of a filtered list by its two levels; one query that reads all of them."""
    severity, frequency = levels_of_point(point)
    placed = rows.filter(**{f"{severity}__isnull": False}).order_by().values_list(severity, frequency).annotate(Count("pk"))
    return {(one, other): count for one, other, count in placed}


def cut_counts(register: Register) -> RawSQL:
    """All 25 cells of the unfiltered register as one array, lowest levels first; each counted up to MOST_COUNTED + 1, so that it costs the same however
    many there are."""
    table, where = "harm", "and counted.merged_into_id is null"
    parameters: list[Any] = []
    if register.use is not None:
        table, where, parameters = "harm_use", "and counted.intended_use_id = %s", [register.use.pk]
    elif register.scopes is not None:
        where, parameters = f"{where} and counted.system_id = any(%s)", [list(register.scopes)]
    sql = CELLS.format(table=table, where=where, most=MOST_COUNTED + 1, levels=HIGHEST_LEVEL)
    return RawSQL(sql, parameters, output_field=ArrayField(IntegerField()))  # noqa: S611  (the text is ours, the ids are parameters)


def cells(counts: list[int]) -> Counts:
    """What `cut_counts` gave, by levels."""
    places = [(severity, frequency) for severity in range(1, HIGHEST_LEVEL + 1) for frequency in range(1, HIGHEST_LEVEL + 1)]
    return dict(zip(places, counts, strict=True))
