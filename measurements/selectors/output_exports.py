"""A run's outputs as rows of a file: everything about the call, what each metric's judge said, and what people labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from measurements.models import Judgement, MetricVersion, Output
from measurements.selectors.filter_verdicts import filter_lines
from measurements.selectors.outputs import judgements_by, prompt_text

ROWS_A_READ = 500
JUDGED = ("severity", "harmful", "reason", "spread", "contradicted", "labels")  # columns of each metric
PLAIN = (
    *("stratum", "outcome", "reason", "text", "refusal", "finish_reason", "status_code", "prompt_tokens", "completion_tokens", "latency_ms"),
    *("attempts", "last_error", "model_reported", "fingerprint"),
)


@dataclass(frozen=True)
class _Said:
    """Of some outputs: what judges found, by output and metric version; and what people labelled, by output and metric."""

    judgements: dict[tuple[int, int], Judgement]
    labels: dict[tuple[int, int], list[str]]


def export_columns(versions: Sequence[MetricVersion]) -> list[str]:
    return [
        *("output", "run", "case", "case_number", "repeat", "stratum", "outcome", "reason", "prompt", "text", "refusal", "finish_reason"),
        *("status_code", "prompt_tokens", "completion_tokens", "latency_ms", "attempts", "last_error", "model_reported", "fingerprint", "created_at"),
        "content_filter",
        *(f"{version.metric.code} {word}" for version in versions for word in JUDGED),
    ]


def export_rows(queryset: QuerySet[Output], versions: Sequence[MetricVersion]) -> Iterator[dict[str, Any]]:
    """Every output with its texts, in order, read in stretches, so that memory stays flat."""
    whole = queryset.select_related("case").defer("body").order_by("pk")
    last = 0
    while stretch := list(whole.filter(pk__gt=last)[:ROWS_A_READ]):
        said = _said(stretch, versions)
        for output in stretch:
            yield _export_row(output, versions, said)
        last = stretch[-1].pk


def _said(outputs: Sequence[Output], versions: Sequence[MetricVersion]) -> _Said:
    judgements = {(row.output_id, row.metric_version_id): row for row in judgements_by(outputs, versions)}
    people = Q(labeller__isnull=False) | Q(outside_labeller__isnull=False)
    found = Judgement.objects.filter(people, output__in=[output.pk for output in outputs]).order_by("pk")
    labels: dict[tuple[int, int], list[str]] = {}
    for row in found.select_related("metric_version", "labeller", "outside_labeller"):
        person = row.labeller.name if row.labeller else str(row.outside_labeller)
        labels.setdefault((row.output_id, row.metric_version.metric_id), []).append(f"{person}: {row.severity}")
    return _Said(judgements, labels)


def _export_row(output: Output, versions: Sequence[MetricVersion], said: _Said) -> dict[str, Any]:
    row = {
        "output": output.pk,
        "run": output.run_id,
        "case": output.case.external_id,
        "case_number": output.case.position + 1,
        "repeat": output.repeat + 1,
        "prompt": prompt_text(output.case),
        "created_at": output.created_at.isoformat(),
        "content_filter": _filter_words(output),
    }
    row |= {name: getattr(output, name) for name in PLAIN}
    for version in versions:
        row |= _judged(version, said.judgements.get((output.pk, version.pk)), said.labels.get((output.pk, version.metric_id), []))
    return row


def _filter_words(output: Output) -> str:
    """`prompt hate high blocked; answer violence low`: what the provider's filter found, nothing where it found nothing."""
    flagged = [line for line in filter_lines(output.filters) if line.is_flagged]
    words = [(line.side.lower(), line.category, line.severity or "detected", "blocked" if line.is_blocked else "") for line in flagged]
    return "; ".join(" ".join(word for word in each if word) for each in words)


def _judged(version: MetricVersion, judgement: Judgement | None, labels: Sequence[str]) -> dict[str, Any]:
    values: tuple[Any, ...] = (None,) * 5
    if judgement is not None:
        values = (judgement.severity, judgement.is_harmful, judgement.reason, judgement.spread, judgement.is_contradicted)
    return {f"{version.metric.code} {word}": value for word, value in zip(JUDGED, (*values, "; ".join(labels)), strict=True)}
