"""Pages of long lists by where the last one ended, so that any depth costs the same. Pages and API use it alike."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Field, Model, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThanOrEqual, TupleLessThanOrEqual

from raiportal.errors import Invalid

UNREADABLE = "The page address is damaged. Start again from the first page."


@dataclass(frozen=True)
class Sort:
    """One allowed order: a field without nulls, covered by an index together with the primary key, in one direction.

    `output` is the type of an annotation that stands in place of a field.
    """

    field: str
    descending: bool = False
    output: Field[Any, Any] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,) if self.field in {"pk", "id"} else (self.field, "pk")


@dataclass(frozen=True)
class Page:
    """Rows in the order asked for, and the cursors of the pages beside this one (None at an end)."""

    rows: list[Any]
    next: str | None
    previous: str | None


Narrowing = Callable[[QuerySet[Any], Sequence[str], int], QuerySet[Any]]


def page(queryset: QuerySet[Any], sort: Sort, cursor: str | None, size: int, *, narrow: Narrowing | None = None) -> Page:
    """One page of `queryset`. Raises Invalid for a cursor that this list did not give out.

    `narrow` may cut the rows down to some that hold the first so many in an order, where that is faster than sorting all of them.
    """
    position = _read(cursor, sort, queryset.model) if cursor else None
    backwards = position is not None and position.backwards
    descending = sort.descending != backwards
    if position is not None:
        queryset = queryset.filter(_beyond(sort, position.values, descending=descending))
    order = [f"-{name}" if descending else name for name in sort.fields]
    if narrow is not None:
        queryset = narrow(queryset, order, size + 1)
    rows = list(queryset.order_by(*order)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    has_next, has_previous = (True, more) if backwards else (more, position is not None)
    return Page(
        rows=rows,
        next=_write(rows[-1], sort, backwards=False) if rows and has_next else None,
        previous=_write(rows[0], sort, backwards=True) if rows and has_previous else None,
    )


def _beyond(sort: Sort, values: Sequence[Any], *, descending: bool) -> TupleLessThanOrEqual | TupleGreaterThanOrEqual:
    """The rows after this one, said as those from the next possible key on.

    PostgreSQL takes a comparison without equality for one that leaves no rows where most have the same first value, and then sorts them all.
    """
    *first, key = values
    step = -1 if descending else 1
    return (TupleLessThanOrEqual if descending else TupleGreaterThanOrEqual)(sort.fields, (*first, key + step))


def chosen_sort(asked: str | None, allowed: Mapping[str, Sort], default: str) -> tuple[str, Sort]:
    """The order named by `asked` ("-severity" turns it round). Raises Invalid, naming what there is, for any other."""
    name = asked or default
    plain = name.removeprefix("-")
    if plain not in allowed:
        raise Invalid(f"Lists here sort by {', '.join(allowed)}; not by “{plain[:40]}”.", field="sort", code="unknown_sort")
    return name, replace(allowed[plain], descending=name.startswith("-"))


@dataclass(frozen=True)
class _Position:
    values: Sequence[Any]
    backwards: bool


def _write(row: Model, sort: Sort, *, backwards: bool) -> str:
    values = [_follow(row, name) for name in sort.fields]
    plain = [value.isoformat() if isinstance(value, datetime.datetime | datetime.date) else value for value in values]
    text = json.dumps([backwards, sort.field, sort.descending, *plain], separators=(",", ":"), default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _follow(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _read(cursor: str, sort: Sort, model: type[Model]) -> _Position:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        backwards, field, descending, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if (field, descending) != (sort.field, sort.descending) or len(values) != len(sort.fields):
            raise ValueError
        cleaned = [_clean(_field(model, name, sort), name, value) for name, value in zip(sort.fields, values, strict=True)]
    except (ValueError, TypeError, binascii.Error, OverflowError, RecursionError) as error:
        raise Invalid(UNREADABLE, field="cursor", code="bad_cursor") from error
    return _Position(cleaned, bool(backwards))


def _field(model: type[Model], path: str, sort: Sort) -> Any:
    if path == sort.field and sort.output is not None:
        return sort.output
    meta = model._meta
    *steps, last = path.split("__")
    for step in steps:
        meta = meta.get_field(step).related_model._meta  # type: ignore[union-attr]
    field = meta.pk if last == "pk" else meta.get_field(last)
    return getattr(field, "output_field", field)  # of a generated column


def _clean(field: Any, path: str, value: Any) -> Any:
    from django.core.exceptions import ValidationError

    try:
        cleaned = field.to_python(value)
    except ValidationError as error:
        raise ValueError(path) from error
    if cleaned is None or (isinstance(cleaned, int) and abs(cleaned) >= 2**63 - 1) or (isinstance(cleaned, str) and "\0" in cleaned):
        raise ValueError(path)
    return cleaned
