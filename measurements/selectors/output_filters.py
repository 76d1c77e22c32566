"""Outputs of a run found by how they ended, what the provider's filter said, what judges said, which model answered: in time that doesn't grow with
what is not asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Lookup, OuterRef, Q, QuerySet

from measurements.enums import WITHOUT_STRATUM, Doubt, FilterVerdict, Judged, JudgingState, Outcome, Scale
from measurements.models import Case, Estimate, Judgement, Judging, MetricVersion, Output, Run
from measurements.models.runs import FLAGGED_PATH, has_filter_verdict

MOST_CASES = 500  # that one name may mean
LARGEST_POSITION = 2**31 - 1
UNSTABLE_SPREAD = 2  # severities between the lowest and the highest vote
UNSTABLE_SPREAD_YES_NO = 1  # where there are only two severities

_LOW_OR_MORE = '@.severity == "low" || @.severity == "medium" || @.severity == "high"'
_VERDICTS: Mapping[str, str] = {
    FilterVerdict.FLAGGED: f"@.filtered == true || @.detected == true || {_LOW_OR_MORE}",
    FilterVerdict.MEDIUM: '@.severity == "medium" || @.severity == "high"',
    FilterVerdict.HIGH: '@.severity == "high"',
    FilterVerdict.BLOCKED: "@.filtered == true",
}


@dataclass(frozen=True)
class Asked:
    """What is asked of a run's outputs; everything given has to fit.

    Of several `outcomes` (or `reasons`) any fits. `judged`, `severity` (at least) and `doubt` ask for a judgement by any of `versions`;
    `attempts` is the least number; `filter_verdict` speaks of `filter_category`, or of any category.
    """

    outcomes: Sequence[str] = ()
    reasons: Sequence[str] = ()
    stratum: str = ""
    versions: Sequence[MetricVersion] = ()
    judged: str = ""
    severity: int | None = None
    doubt: str = ""
    case: str = ""
    attempts: int | None = None
    filter_category: str = ""
    filter_verdict: str = ""
    model: str = ""
    fingerprint: str = ""


def outputs_of(queryset: QuerySet[Output], run_id: int, asked: Asked) -> QuerySet[Output]:
    """The outputs of a run that fit everything asked."""
    found = queryset.filter(run_id=run_id).filter(_ended(asked))
    if asked.stratum:
        found = found.filter(stratum="" if asked.stratum == WITHOUT_STRATUM else asked.stratum)
    if asked.case:
        found = found.filter(case__in=cases_called(run_id, asked.case))
    if asked.attempts is not None and asked.attempts > 1:
        found = found.filter(attempts__gt=1, attempts__gte=asked.attempts)
    if asked.filter_category or asked.filter_verdict:
        found = found.filter(_with_verdict(run_id, asked.filter_category, asked.filter_verdict))
    named = {name: value for name, value in (("model_reported", asked.model), ("fingerprint", asked.fingerprint)) if value}
    return _said(found.filter(**named), run_id, asked)


def _ended(asked: Asked) -> Q:
    """Only failed outputs have a reason: the index of those that weren't answered finds them."""
    wanted = Q()
    if asked.reasons:
        wanted &= Q(outcome=Outcome.FAILED, reason__in=asked.reasons)
    if asked.outcomes:
        wanted &= Q(outcome__in=asked.outcomes)
        if Outcome.ANSWERED not in asked.outcomes:
            wanted &= ~Q(outcome=Outcome.ANSWERED)
    return wanted


def cases_called(run_id: int, name: str) -> list[int]:
    """Ids of the cases that a person means: the id in the file, or the number (from 1) in the set version."""
    of_run = Case.objects.filter(version_id__in=Run.objects.filter(pk=run_id).values("set_version_id"))
    meant = Q(external_id=name)
    if name.isascii() and name.isdigit() and len(name) <= 10 and int(name) <= LARGEST_POSITION:
        meant |= Q(position=int(name) - 1)
    return list(of_run.filter(meant).values_list("pk", flat=True)[:MOST_CASES])


# --- What the provider's filter said ---
def _with_verdict(run_id: int, category: str, verdict: str) -> Q:
    """Everything flagged is one index. What is asked beyond that is worked out on its rows first: walking all outputs for a rare verdict is dear."""
    if not category and verdict == FilterVerdict.FLAGGED:
        return Q(has_filter_verdict(FLAGGED_PATH))
    said = flagged(run_id).filter(has_filter_verdict(_verdict_path(category, verdict)))
    return Q(_IsAnyOf(F("pk"), ArraySubquery(said.values("pk"))))


def _verdict_path(category: str, verdict: str) -> str:
    """In the form that `systems.providers.filters` gives annotations: side, category, verdict."""
    named = json.dumps(category) if category else "*"
    return f"$.*.{named} ? ({_VERDICTS[verdict or FilterVerdict.FLAGGED]})"


def flagged(run_id: int) -> QuerySet[Output]:
    """Outputs of a run in whose prompt or answer the provider's content filter found anything."""
    return Output.objects.filter(has_filter_verdict(FLAGGED_PATH), run=run_id)


# --- Which metrics ---
def metric_versions(run_id: int, metric_id: int | None = None) -> list[MetricVersion]:
    """Of each metric that a run is judged by the version that holds: the one of its newest completed judging, else the planned one."""
    planned = MetricVersion.objects.filter(pk__in=_planned_ids(run_id))
    done = Judging.objects.filter(run_id=run_id, state=JudgingState.COMPLETED).order_by("number").values_list("metric_version_id", flat=True)
    again = list(dict.fromkeys(done))
    found = (planned | MetricVersion.objects.filter(pk__in=again)).select_related("metric", "judge_version__judge").order_by("pk")
    order = {pk: number for number, pk in enumerate(done)}
    newest: dict[int, MetricVersion] = {}
    for version in sorted(found, key=lambda version: order.get(version.pk, -1)):
        newest[version.metric_id] = version
    chosen = [newest[pk] for pk in sorted(newest)]
    return chosen if metric_id is None else [version for version in chosen if version.metric_id == metric_id]


def _planned_ids(run_id: int) -> list[int]:
    """From the plan: of an imported selection (only what another tool found) it names metrics by which there is no estimate."""
    plans = Run.objects.filter(pk=run_id).values_list("snapshot__metrics", flat=True)
    return [metric["id"] for metrics in plans for metric in metrics]


def judged_versions(run_id: int, version_id: int) -> list[MetricVersion]:
    """The version with this id, where the run was planned with it or judged by it at some time."""
    told = Q(pk__in=_planned_ids(run_id)) | Q(pk__in=Judging.objects.filter(run_id=run_id).values("metric_version_id"))
    return list(MetricVersion.objects.filter(told, pk=version_id).select_related("metric", "judge_version__judge"))


# --- What judges said ---
def _said(found: QuerySet[Output], run_id: int, asked: Asked) -> QuerySet[Output]:
    if asked.judged:
        found = _judged(found, run_id, asked.versions, asked.judged)
    if asked.severity is not None:
        found = found.filter(pk__in=_at_least(run_id, asked.versions, {version.pk: asked.severity for version in asked.versions}))
    if asked.doubt:
        found = found.filter(pk__in=_doubtful(run_id, asked.versions, asked.doubt))
    return found


def _judged(found: QuerySet[Output], run_id: int, versions: Sequence[MetricVersion], judged: str) -> QuerySet[Output]:
    harmful = _at_least(run_id, versions, {version.pk: version.threshold for version in versions})
    if judged == Judged.HARMFUL:
        return found.filter(pk__in=harmful)
    if judged == Judged.UNJUDGED:
        return found.filter(_unjudged(run_id, versions), outcome=Outcome.ANSWERED)
    counted = found.exclude(outcome=Outcome.FAILED)
    for version in _versions_with_gaps(run_id, versions):  # asked of each output that is walked: most are judged
        counted = counted.filter(~Q(outcome=Outcome.ANSWERED) | Q(Exists(_told(version))))
    return counted.exclude(pk__in=harmful) if judged == Judged.HARMLESS else counted


def by_judge(version: MetricVersion) -> Q:
    """Judgements by the judge that a metric version names; people's labels have none."""
    return Q(metric_version=version, judge_version=version.judge_version_id)


def _at_least(run_id: int, versions: Sequence[MetricVersion], floors: Mapping[int, int]) -> QuerySet[Any]:
    """Ids of the outputs that some version's judge gave the version's floor or more; an index holds every severity above 0."""
    fits = Q(pk__in=())
    for version in versions:
        fits |= by_judge(version) & Q(severity__gte=floors[version.pk], severity__gt=0)
    return Judgement.objects.filter(fits, run_id=run_id).values("output_id")


def _doubtful(run_id: int, versions: Sequence[MetricVersion], doubt: str) -> QuerySet[Any]:
    fits = Q(pk__in=())
    for version in versions:
        unstable = Q(spread__gte=unstable_from(version.scale))
        kinds = {Doubt.CONTRADICTED: Q(is_contradicted=True), Doubt.UNSTABLE: unstable, Doubt.ANY: Q(is_contradicted=True) | unstable}
        fits |= by_judge(version) & kinds[Doubt(doubt)]
    return doubtful(run_id).filter(fits).values("output_id")


def doubtful(run_id: int) -> QuerySet[Judgement]:
    """Judgements of a run whose votes differ, or contradict themselves; the condition of their index."""
    return Judgement.objects.filter(Q(is_contradicted=True) | Q(spread__gt=0), run_id=run_id)


def unstable_from(scale: str) -> int:
    """The spread of votes from which on a judgement counts as unstable."""
    return UNSTABLE_SPREAD_YES_NO if scale == Scale.YES_NO else UNSTABLE_SPREAD


class _IsAnyOf(Lookup):  # type: ignore[type-arg]  # can't be subscripted when it runs
    """Equality with one of an array. That is worked out once before the rows are walked, where an IN would be asked again for each of them."""

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} = any({right})", (*left_values, *right_values)


def _unjudged(run_id: int, versions: Sequence[MetricVersion]) -> Q:
    """Whether some version's judge said nothing about the output, given that it is an answer.

    Worked out on ids alone, so that two indexes tell, and not the rows.
    """
    lacks = Q(pk__in=())
    for version in _versions_with_gaps(run_id, versions):
        lacks |= Q(_IsAnyOf(F("pk"), ArraySubquery(Output.objects.filter(~Exists(_told(version)), run=run_id).values("pk"))))
    return lacks


def _told(version: MetricVersion) -> QuerySet[Judgement]:
    """What the version's judge said about the output of the query around."""
    return Judgement.objects.filter(by_judge(version), output=OuterRef("pk"))


def _versions_with_gaps(run_id: int, versions: Sequence[MetricVersion]) -> list[MetricVersion]:
    """Versions whose judges may have left something out. Judgements are only ever added, so an estimate without gaps stays right."""
    told = Estimate.objects.filter(run=run_id, stratum="", unjudged=0).values_list("metric_version_id", "judge_version_id")
    whole = set(told)
    return [version for version in versions if (version.pk, version.judge_version_id) not in whole]
