"""Outputs in the order of the severity that a metric's judge gave them; pages of it cost the same at any depth.

An index holds the severities above 0, so a list walks that first (downwards), then the outputs without any: judged 0, or not at all.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet

from measurements.models import Judgement, MetricVersion, Output
from measurements.models.metrics import HIGHEST_SEVERITY
from raiportal.errors import Invalid
from raiportal.keyset import UNREADABLE, Page

SORT = "severity"
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class _Place:
    """Beside which row a page begins; severity 0 stands for everything that isn't above it."""

    severity: int
    pk: int
    is_backwards: bool


def only(versions: Sequence[MetricVersion]) -> MetricVersion:
    """The one metric whose severities order a list. Raises Invalid for none and for several."""
    if len(versions) != 1:
        raise Invalid("Severities of several metrics have no common order: choose one metric.", field="metric", code="metric_needed")
    return versions[0]


_Stage = Callable[[QuerySet[Output], MetricVersion, _Place | None, bool], QuerySet[Any]]


def page(found: QuerySet[Output], version: MetricVersion, cursor: str | None, size: int, *, is_descending: bool) -> Page:
    """One page of the outputs of one run, by severity and then by id, each with `severity_rank`. Raises Invalid for a damaged cursor."""
    place = _read(cursor, is_descending) if cursor else None
    is_backwards = place is not None and place.is_backwards
    rows = _walk(found, version, place, is_descending != is_backwards, size + 1)
    more, rows = len(rows) > size, rows[:size]
    if is_backwards:
        rows.reverse()
    has_next, has_previous = (True, more) if is_backwards else (more, place is not None)
    return Page(
        rows=rows,
        next=_write(rows[-1], is_descending, is_backwards=False) if rows and has_next else None,
        previous=_write(rows[0], is_descending, is_backwards=True) if rows and has_previous else None,
    )


def _walk(found: QuerySet[Output], version: MetricVersion, place: _Place | None, is_down: bool, most: int) -> list[Any]:
    stages: list[_Stage] = [_above, _rest] if is_down else [_rest, _above]
    rows: list[Any] = []
    for stage in stages:
        if len(rows) < most:
            rows += stage(found, version, place, is_down)[: most - len(rows)]
    return rows


def _above(found: QuerySet[Output], version: MetricVersion, place: _Place | None, is_down: bool) -> QuerySet[Any]:
    """Those with a severity above 0, as the index of severities holds them."""
    said = Q(judgements__run=F("run"), judgements__metric_version=version, judgements__judge_version=version.judge_version_id)
    rows = found.alias(said=FilteredRelation("judgements", condition=said)).filter(said__severity__gt=0).annotate(severity_rank=F("said__severity"))
    if place is not None and place.severity == 0 and is_down:
        return rows.none()
    if place is not None and place.severity > 0:
        side = "lt" if is_down else "gt"
        beyond = Q(**{f"said__severity__{side}": place.severity}) | Q(said__severity=place.severity, **{f"said__output__{side}": place.pk})
        rows = rows.filter(beyond, **{f"said__severity__{side}e": place.severity})
    return rows.order_by("-said__severity", "-said__output_id") if is_down else rows.order_by("said__severity", "said__output_id")


def _rest(found: QuerySet[Output], version: MetricVersion, place: _Place | None, is_down: bool) -> QuerySet[Any]:
    """Those whose severity is 0, or that have none."""
    above = Judgement.objects.filter(output=OuterRef("pk"), metric_version=version, judge_version=version.judge_version_id, severity__gt=0)
    rows = found.exclude(Exists(above))
    if place is not None and place.severity > 0 and not is_down:
        return rows.none()
    if place is not None and place.severity == 0:
        rows = rows.filter(pk__lt=place.pk) if is_down else rows.filter(pk__gt=place.pk)
    return rows.order_by("-pk" if is_down else "pk")


# --- Cursors ---
def _write(row: Any, is_descending: bool, *, is_backwards: bool) -> str:
    text = json.dumps([is_backwards, is_descending, getattr(row, "severity_rank", 0), row.pk], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, is_descending: bool) -> _Place:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        is_backwards, was_descending, severity, pk = json.loads(text)
        if not all(isinstance(number, int) for number in (severity, pk)) or not 0 <= severity <= HIGHEST_SEVERITY or not 0 < pk <= LARGEST_ID:
            raise ValueError
        if was_descending is not is_descending:
            raise ValueError
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise Invalid(UNREADABLE, field="cursor", code="bad_cursor") from error
    return _Place(severity, pk, bool(is_backwards))
