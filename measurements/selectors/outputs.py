"""Outputs of a run as lists and pages read them. Lists never load texts: only how long they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast, Left, Length

from measurements.enums import WITHOUT_STRATUM
from measurements.models import Case, Judgement, MetricVersion, Output, Run, Vote
from measurements.selectors.output_filters import by_judge, unstable_from
from raiportal.look.formats import FILLER_MOST

MOST_STRATA = 500  # offered as a filter
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
LISTED_FIELDS = (
    *("run_id", "repeat", "stratum", "outcome", "reason", "filters", "latency_ms", "attempts", "created_at"),
    *("case__external_id", "case__position"),
)


# --- Lists ---
@dataclass(frozen=True)
class OutputRow:
    """One output in a list; `severity` is the highest that the chosen metrics' judges gave, by `version`, None where none did."""

    output: Any
    severity: int | None = None
    version: MetricVersion | None = None
    is_contradicted: bool = False
    is_unstable: bool = False

    @property
    def judged_by(self) -> str:
        return str(self.version.judge_version) if self.version else ""


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
    by_id = {version.pk: version for version in versions}
    found: dict[int, list[Judgement]] = {}
    for judgement in judgements_by(outputs, versions):
        found.setdefault(judgement.output_id, []).append(judgement)
    return [_row(output, found.get(output.pk, []), by_id) for output in outputs]


def judgements_by(outputs: Sequence[Output], versions: Sequence[MetricVersion]) -> QuerySet[Judgement]:
    """What the judges of these versions say about the outputs."""
    told = Q(pk__in=())
    for version in versions:
        told |= by_judge(version)
    return Judgement.objects.filter(told, output__in=[output.pk for output in outputs]).order_by("pk")


def _row(output: Output, judgements: Sequence[Judgement], versions: Mapping[int, MetricVersion]) -> OutputRow:
    worst = max(judgements, key=lambda judgement: judgement.severity, default=None)
    if worst is None:
        return OutputRow(output)
    unstable = any((judgement.spread or 0) >= unstable_from(versions[judgement.metric_version_id].scale) for judgement in judgements)
    contradicted = any(judgement.is_contradicted for judgement in judgements)
    return OutputRow(output, worst.severity, versions[worst.metric_version_id], contradicted, unstable)


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
    """Judgements of machines and of people, said so that the three indexes serve: those of outputs are found without reading the table."""
    return Judgement.objects.filter(Q(judge_version__isnull=False) | Q(labeller__isnull=False) | Q(outside_labeller__isnull=False))


def judgements_of(output: Output) -> QuerySet[Judgement]:
    """Everything that was said about an output, by machines and people."""
    told = by_anybody().filter(output=output).select_related("metric_version__metric", "judge_version__judge", "labeller", "outside_labeller")
    return told.order_by("metric_version_id", "pk")


def votes_of(output: Output) -> QuerySet[Vote]:
    """What a model judge was asked about an output and how each question ended, by judging."""
    votes = Vote.objects.filter(output=output).select_related("judging__metric_version__metric", "judging__judge_version__judge")
    return votes.order_by("judging__number", "number")


def prompt_text(case: Case) -> str:
    """A case's messages as one text: alone as it is, several each under its role."""
    messages = case.messages
    if len(messages) == 1:
        return str(messages[0]["content"])
    return "\n\n".join(f"{message['role']}:\n{message['content']}" for message in messages)
