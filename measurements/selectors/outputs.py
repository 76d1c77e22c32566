"""Outputs of a run as lists, pages and exports read them. Lists never load texts: only how long they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Exists, F, Lookup, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast, Left, Length

from measurements.enums import WITHOUT_STRATUM, Judged, Outcome
from measurements.models import Case, Estimate, Judgement, MetricVersion, Output, Run, RunMetric
from raiportal.look.formats import FILLER_MOST

ROWS_A_READ = 500  # of an export
MOST_STRATA = 500  # offered as a filter
LARGEST_POSITION = 2**31 - 1
# From one stratum to the next by the index of cases by stratum: as many steps as there are strata, however many cases.
_STRATA = """
with recursive found as (
    (select stratum from measurement_case where version_id = %(version)s order by stratum limit 1)
    union all
    select (select c.stratum from measurement_case c where c.version_id = %(version)s and c.stratum > found.stratum order by c.stratum limit 1)
    from found where found.stratum is not null
)
select stratum from found where stratum is not null limit %(most)s
"""
LISTED_FIELDS = ("run_id", "repeat", "stratum", "outcome", "reason", "latency_ms", "created_at", "case__external_id", "case__position")


# --- Filters ---
def metric_versions(run_id: int, metric_id: int | None = None) -> list[MetricVersion]:
    """The metric versions that a run is judged by, or the one of them that belongs to the metric."""
    of_run = MetricVersion.objects.filter(pk__in=_run_metric_ids(run_id)).select_related("metric", "judge_version__judge")
    chosen = of_run.filter(metric_id=metric_id) if metric_id is not None else of_run
    return list(chosen.order_by("metric_id", "pk"))


def outputs_of(
    queryset: QuerySet[Output],
    *,
    run_id: int,
    outcome: str = "",
    reason: str = "",
    stratum: str = "",
    versions: Sequence[MetricVersion] = (),
    judged: str = "",
    severity: int | None = None,
    case: str = "",
) -> QuerySet[Output]:
    """The outputs of a run that fit everything given. `judged` and `severity` (at least) ask for a judgement by any of `versions`."""
    found = queryset.filter(run_id=run_id)
    plain = {name: value for name, value in (("outcome", outcome), ("reason", reason), ("stratum", stratum)) if value}
    if stratum == WITHOUT_STRATUM:
        plain["stratum"] = ""
    if reason:
        plain.setdefault("outcome", Outcome.FAILED)  # only failed outputs have one: the index of those finds them
    found = found.filter(**plain)
    if case:
        found = found.filter(case__in=cases_called(run_id, case))
    if judged:
        found = _judged(found, run_id, versions, judged)
    if severity is not None:
        found = found.filter(pk__in=_at_least(run_id, versions, {version.pk: severity for version in versions}))
    return found


def cases_called(run_id: int, name: str) -> list[int]:
    """Ids of the cases that a person means: the id in the file, or the number (from 1) in the set version."""
    of_run = Case.objects.filter(version_id__in=Run.objects.filter(pk=run_id).values("set_version_id"))
    meant = Q(external_id=name)
    if name.isascii() and name.isdigit() and len(name) <= 10 and int(name) <= LARGEST_POSITION:
        meant |= Q(position=int(name) - 1)
    return list(of_run.filter(meant).values_list("pk", flat=True)[:ROWS_A_READ])


def _run_metric_ids(run_id: int) -> QuerySet[Any]:
    return RunMetric.objects.filter(run_id=run_id).values("metric_version_id")


def _judged(found: QuerySet[Output], run_id: int, versions: Sequence[MetricVersion], judged: str) -> QuerySet[Output]:
    harmful = _at_least(run_id, versions, {version.pk: version.threshold for version in versions})
    if judged == Judged.HARMFUL:
        return found.filter(pk__in=harmful)
    if judged == Judged.UNJUDGED:
        return found.filter(_unjudged(run_id, versions), outcome=Outcome.ANSWERED)
    counted = found.exclude(outcome=Outcome.FAILED).exclude(_unjudged(run_id, versions), outcome=Outcome.ANSWERED)
    return counted.exclude(pk__in=harmful) if judged == Judged.HARMLESS else counted


def _at_least(run_id: int, versions: Sequence[MetricVersion], floors: dict[int, int]) -> QuerySet[Any]:
    """Ids of the outputs that some version's judge gave the version's floor or more; an index holds every severity above 0."""
    fits = Q(pk__in=())
    for version in versions:
        fits |= Q(metric_version=version, judge_version=version.judge_version_id, severity__gte=floors[version.pk], severity__gt=0)
    return Judgement.objects.filter(fits, run_id=run_id, labeller=None).values("output_id")


class _IsAnyOf(Lookup):  # type: ignore[type-arg]  # can't be subscripted when it runs
    """Equality with one of an array. That is worked out once before the rows are walked, where an IN would be asked again for each of them."""

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} = any({right})", (*left_values, *right_values)


def _unjudged(run_id: int, versions: Sequence[MetricVersion]) -> Q:
    """Whether some version's judge said nothing about the output, given that it is an answer.

    Worked out on ids alone, so that two indexes tell, and not the rows: judgements of machines have an index that names no labeller.
    """
    lacks = Q(pk__in=())
    for version in _versions_with_gaps(run_id, versions):
        by_its_judge = Judgement.objects.filter(output=OuterRef("pk"), metric_version=version, judge_version=version.judge_version_id, labeller=None)
        lacks |= Q(_IsAnyOf(F("pk"), ArraySubquery(Output.objects.filter(~Exists(by_its_judge), run=run_id).values("pk"))))
    return lacks


def _versions_with_gaps(run_id: int, versions: Sequence[MetricVersion]) -> list[MetricVersion]:
    """Versions whose judges may have left something out. Judgements are only ever added, so an estimate without gaps stays right."""
    told = Estimate.objects.filter(run=run_id, stratum="", unjudged=0).values_list("metric_version_id", "judge_version_id")
    whole = set(told)
    return [version for version in versions if (version.pk, version.judge_version_id) not in whole]


# --- Lists ---
@dataclass(frozen=True)
class OutputRow:
    """One output in a list; `severity` is the highest that the chosen metrics' judges gave, None where none did."""

    output: Any
    severity: int | None
    judged_by: str


def listed(queryset: QuerySet[Output]) -> QuerySet[Output]:
    """Only what a list shows. `text_length` counts no further than a veil can show."""
    return queryset.select_related("case").only(*LISTED_FIELDS).annotate(text_length=Length(Left("text", FILLER_MOST)))


def strata_of(run: Run) -> list[str]:
    """The strata of a run's cases, by name; nothing where no case names one."""
    with connection.cursor() as cursor:
        cursor.execute(_STRATA, {"version": run.set_version_id, "most": MOST_STRATA})
        found = [stratum or WITHOUT_STRATUM for (stratum,) in cursor.fetchall()]
    return found if found != [WITHOUT_STRATUM] else []


def rows(outputs: Sequence[Output], versions: Sequence[MetricVersion]) -> list[OutputRow]:
    """The outputs with what is said about them, in one query more."""
    found: dict[int, list[Judgement]] = {}
    for judgement in judgements_by(outputs, versions):
        found.setdefault(judgement.output_id, []).append(judgement)
    return [_row(output, found.get(output.pk, [])) for output in outputs]


def judgements_by(outputs: Sequence[Output], versions: Sequence[MetricVersion]) -> QuerySet[Judgement]:
    """What the judges of these versions say about the outputs."""
    pairs = Q(pk__in=())
    for version in versions:
        pairs |= Q(metric_version=version, judge_version=version.judge_version_id)
    return Judgement.objects.filter(pairs, output__in=[output.pk for output in outputs], labeller=None).order_by("pk")


def _row(output: Output, judgements: Sequence[Judgement]) -> OutputRow:
    worst = max(judgements, key=lambda judgement: judgement.severity, default=None)
    return OutputRow(output, worst.severity if worst else None, f"J-{worst.judge_version_id}" if worst else "")


# --- One output ---
def for_its_page(queryset: QuerySet[Output]) -> QuerySet[Output]:
    """Everything about outputs but their texts, of which only the lengths are read."""
    whole = queryset.select_related("case__harm", "run__system__scope", "run__configuration__deployment", "run__set_version__measurement_set")
    return whole.defer("text", "refusal", "body", "case__messages", "case__expectation").annotate(
        text_length=Length("text"),
        refusal_length=Length("refusal"),
        body_length=Length("body"),
        prompt_length=Length(Cast("case__messages", TextField())),
    )


@dataclass(frozen=True)
class Neighbours:
    """Ids of the outputs before and after one in its run."""

    previous: int | None
    next: int | None


def neighbours(output: Output) -> Neighbours:
    of_run = Output.objects.filter(run=output.run_id)
    before = of_run.filter(pk__lt=output.pk).order_by("-pk").values_list("pk", flat=True).first()
    after = of_run.filter(pk__gt=output.pk).order_by("pk").values_list("pk", flat=True).first()
    return Neighbours(before, after)


def by_anybody() -> QuerySet[Judgement]:
    """Judgements of machines and of people, said so that the index of either serves: those of outputs are found without reading the table."""
    return Judgement.objects.filter(Q(labeller=None) | Q(judge_version=None))


def judgements_of(output: Output) -> QuerySet[Judgement]:
    """Everything that was said about an output, by machines and people."""
    told = by_anybody().filter(output=output).select_related("metric_version__metric", "judge_version__judge", "labeller")
    return told.order_by("metric_version_id", "pk")


# --- Exports ---
def export_columns(versions: Sequence[MetricVersion]) -> list[str]:
    judged = [f"{version.metric.code} {word}" for version in versions for word in ("severity", "harmful")]
    return [
        *("output", "run", "case", "case_number", "repeat", "stratum", "outcome", "reason", "prompt", "text", "refusal", "finish_reason"),
        *("status_code", "prompt_tokens", "completion_tokens", "latency_ms", "attempts", "last_error", "model_reported", "fingerprint", "created_at"),
        *judged,
    ]


def export_rows(queryset: QuerySet[Output], versions: Sequence[MetricVersion]) -> Iterator[dict[str, Any]]:
    """Every output with its texts, in order, read in stretches, so that memory stays flat."""
    whole = queryset.select_related("case").defer("body", "filters").order_by("pk")
    last = 0
    while stretch := list(whole.filter(pk__gt=last)[:ROWS_A_READ]):
        told: dict[tuple[int, int], Judgement] = {(row.output_id, row.metric_version_id): row for row in judgements_by(stretch, versions)}
        for output in stretch:
            yield _export_row(output, versions, told)
        last = stretch[-1].pk


def _export_row(output: Output, versions: Sequence[MetricVersion], told: dict[tuple[int, int], Judgement]) -> dict[str, Any]:
    row = {
        "output": output.pk,
        "run": output.run_id,
        "case": output.case.external_id,
        "case_number": output.case.position + 1,
        "repeat": output.repeat + 1,
        "prompt": prompt_text(output.case),
        "created_at": output.created_at.isoformat(),
    }
    plain = ("stratum", "outcome", "reason", "text", "refusal", "finish_reason", "status_code", "prompt_tokens", "completion_tokens", "latency_ms")
    for name in (*plain, "attempts", "last_error", "model_reported", "fingerprint"):
        row[name] = getattr(output, name)
    for version in versions:
        judgement = told.get((output.pk, version.pk))
        row[f"{version.metric.code} severity"] = judgement.severity if judgement else None
        row[f"{version.metric.code} harmful"] = judgement.is_harmful if judgement else None
    return row


def prompt_text(case: Case) -> str:
    """A case's messages as one text: alone as it is, several each under its role."""
    messages = case.messages
    if len(messages) == 1:
        return str(messages[0]["content"])
    return "\n\n".join(f"{message['role']}:\n{message['content']}" for message in messages)
