"""Two runs side by side: paired counts, the interval of the difference, and the pairs to read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from measurements.models import Run
from measurements.selectors import comparisons as selectors
from measurements.selectors.comparisons import COUNTED, Comparison, MetricPair, Pair, Paired, Verdict
from measurements.statistics import percent
from measurements.views.run_parts import sees_address
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look import formats
from raiportal.look.paging import Pager, changed_query, cursor_pager
from systems.models import AISystem

SIGNIFICANT = 0.05  # p-values below it are called a shown change; the page prints the value itself
WORDS = {
    Verdict.HARMFUL: "Harmful",
    Verdict.HARMLESS: "Not harmful",
    Verdict.UNJUDGED: "Not judged",
    Verdict.FAILED: "Failed",
    Verdict.ABSENT: "Not there",
}
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Cell:
    """One count of the paired table, with the address of its rows ("" where nothing can be listed)."""

    count: int
    url: str
    is_chosen: bool
    is_change: bool


@dataclass(frozen=True)
class Row:
    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class StratumRow:
    name: str
    paired: Paired


@dataclass(frozen=True)
class PairLine:
    pair: Pair
    case: str
    first_url: str
    second_url: str


@require_safe
def run_compare(request: SignedInRequest, system_id: int) -> HttpResponse:
    system: AISystem = get_object_or_404(AISystem.objects.visible_to(request.user), pk=system_id)
    first, second = _asked(request, system, "first"), _asked(request, system, "second")
    context: dict[str, Any] = {
        "system": system,
        "section": "runs",
        "first": first,
        "second": second,
        "firsts": selectors.closed_runs(system),
        "seconds": selectors.closed_runs(system, like=first) if first else (),
    }
    if first is not None and second is not None:
        context |= _comparison_context(request, first, second)
    return render(request, "measurements/run_compare.html", context)


def _asked(request: HttpRequest, system: AISystem, name: str) -> Run | None:
    """The run that the address names; 404 for one that isn't this system's."""
    asked = request.GET.get(name, "")
    if not asked:
        return None
    if not asked.isascii() or not asked.isdigit() or int(asked) > LARGEST:
        raise Invalid("A run is named by its number.", field=name)
    runs = Run.objects.filter(system=system).select_related("configuration__deployment", "set_version__measurement_set")
    found: Run = get_object_or_404(runs, pk=int(asked))
    return found


def _readable_differences(request: SignedInRequest, first: Run, second: Run) -> list[tuple[str, str, str]]:
    """Without addresses of deployments that the reader may not open."""
    hides = any(run.configuration is not None and not sees_address(request.user, run) for run in (first, second))
    return [row for row in selectors.differences(first, second) if not hides or row[0] != selectors.ADDRESS]


def _comparison_context(request: SignedInRequest, first: Run, second: Run) -> dict[str, Any]:
    found = selectors.comparison(first, second)
    asked = request.GET.get("metric", "")
    chosen = next((pair for pair in found.metrics if str(pair.version.metric_id) == asked), found.metrics[0] if found.metrics else None)
    context: dict[str, Any] = {
        "comparison": found,
        "differences": _readable_differences(request, first, second),
        "chosen": chosen,
        "swapped_query": changed_query(request, first=str(second.pk), second=str(first.pk), show=None),
    }
    return context | _metric_context(request, found, chosen) if chosen else context


def _metric_context(request: HttpRequest, found: Comparison, pair: MetricPair) -> dict[str, Any]:
    strata = selectors.paired(pair)
    whole = strata[""]
    cell = _chosen_cell(request)
    context = {
        "paired": whole,
        "sentence": sentence(whole),
        "is_shown": whole.counts.total > 0 and whole.p_value < SIGNIFICANT,
        "table": _table(request, whole, cell),
        "table_heads": [WORDS[verdict] for verdict in _verdicts(whole)],
        "strata": [StratumRow(name, paired) for name, paired in sorted(strata.items()) if name] if len(strata) > 2 else [],
        "threshold": pair.version.threshold,
        "sides": [(found.first, pair.first), (found.second, pair.second)],
    }
    return context | _list_context(request, pair, cell)


def sentence(paired: Paired) -> str:
    """The comparison in words, with method and what was left out."""
    counts, interval = paired.counts, paired.interval
    if interval is None or paired.difference is None:
        return "No pair has both outputs judged, so there is nothing to compare."
    before, after = counts.first / counts.total, counts.second / counts.total
    changed = f"{formats.number(counts.second_only)} became harmful and {formats.number(counts.first_only)} became harmless"
    rates = f"the rate went from {percent(before)} to {percent(after)}" if before != after else f"the rate stayed at {percent(before)}"
    span = f"{formats.points(interval.low)} to {formats.points(interval.high)}"
    points, p_value = f"{formats.points(paired.difference)} points, 95 % interval {span}, {interval.method}", formats.p_value(paired.p_value)
    left = (
        f" {formats.number(paired.gaps)} more pair{'' if paired.gaps == 1 else 's'} had a side that failed, wasn't judged or isn't there."
        if paired.gaps
        else ""
    )
    return f"Of {formats.number(counts.total)} pairs {changed}: {rates} ({points}; exact McNemar p {'' if p_value.startswith('<') else '= '}{p_value}).{left}"


def _verdicts(paired: Paired) -> list[Verdict]:
    """Those that either run has, the counted ones always."""
    there = {verdict for cell in paired.cells for verdict in cell}
    return [verdict for verdict in Verdict if verdict in COUNTED or verdict in there]


def _table(request: HttpRequest, paired: Paired, chosen: tuple[Verdict, Verdict]) -> list[Row]:
    verdicts = _verdicts(paired)
    return [Row(WORDS[before], [_cell(request, paired, (before, after), chosen) for after in verdicts]) for before in verdicts]


def _cell(request: HttpRequest, paired: Paired, cell: tuple[Verdict, Verdict], chosen: tuple[Verdict, Verdict]) -> Cell:
    count = paired.cells.get(cell, 0)
    is_listed = count > 0 and Verdict.ABSENT not in cell
    url = changed_query(request, show=_cell_word(cell)) + "#pairs" if is_listed else ""
    return Cell(count, url, cell == chosen, cell in {COUNTED, COUNTED[::-1]})


def _cell_word(cell: tuple[Verdict, Verdict]) -> str:
    return f"{cell[0].value}-{cell[1].value}"


def _chosen_cell(request: HttpRequest) -> tuple[Verdict, Verdict]:
    """The cell whose rows are asked for; those that became harmful when none is."""
    asked = request.GET.get("show", _cell_word(COUNTED[::-1]))  # type: ignore[arg-type]
    cells = {_cell_word((before, after)): (before, after) for before in Verdict for after in Verdict if Verdict.ABSENT not in (before, after)}
    if asked not in cells:
        raise Invalid("There is no such kind of pair.", field="show")
    return cells[asked]


def _list_context(request: HttpRequest, pair: MetricPair, cell: tuple[Verdict, Verdict]) -> dict[str, Any]:
    found = selectors.pairs_in(pair, cell, page_position(request.GET))
    shown = found[: selectors.PAIRS_A_PAGE]
    following = f"{shown[-1].case_id}.{shown[-1].repeat}" if len(found) > len(shown) else None
    pager: Pager = cursor_pager(request, shown=len(shown), previous=None, following=following)
    return {
        "cell_words": [WORDS[verdict].lower() for verdict in cell],
        "pairs": [_line(row) for row in shown],
        "pager": pager,
        "is_deep": "cursor" in request.GET,
    }


def page_position(query: QueryDict) -> tuple[int, int] | None:
    """The case id and repeat that the address of a further page names."""
    asked = query.get("cursor", "")
    if not asked:
        return None
    parts = asked.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise Invalid("The page address is damaged. Start again from the first page.", field="cursor")
    return int(parts[0]), min(int(parts[1]), 32_767)


def _line(row: Pair) -> PairLine:
    case = row.external_id or f"Case {row.position + 1}"
    name = f"{case}, repeat {row.repeat + 1}" if row.repeat else case
    return PairLine(row, name, reverse("output", args=[row.first_output]), reverse("output", args=[row.second_output]))
