"""What must always hold of the stored rows, in one list that each app adds to. `manage.py check_invariants` looks at all of them.

A check yields one sentence for each row that breaks it, and reads the rows where they are: nothing is loaded that is as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import connection, transaction

from raiportal.registry import Registry

MOST_TOLD = 100  # violations of one invariant that are told; a broken rule tends to break everywhere


@dataclass(frozen=True)
class Invariant:
    """One thing that must hold. `slug` starts with its number ("INV-16 of measurements"), `words` say the rule."""

    slug: str
    words: str
    check: Callable[[], Iterable[str]]


@dataclass(frozen=True)
class Finding:
    """One invariant that was looked at; `has_more` says that further violations were not listed."""

    invariant: Invariant
    violations: Sequence[str]
    has_more: bool = False

    @property
    def holds(self) -> bool:
        return not self.violations


invariants: Registry[Invariant] = Registry(Invariant)


def examine() -> Iterator[Finding]:
    """Look at every invariant, one after the other, each in one moment of the database."""
    for invariant in invariants:
        with transaction.atomic():
            told = list(islice(invariant.check(), MOST_TOLD + 1))
        yield Finding(invariant, told[:MOST_TOLD], len(told) > MOST_TOLD)


def violations() -> list[str]:
    """Every violation, as "INV-06: sentence"."""
    return [f"{finding.invariant.slug}: {sentence}" for finding in examine() for sentence in finding.violations]


def found_by(query: str, sentence: str, parameters: Mapping[str, Any] | None = None) -> Callable[[], Iterator[str]]:
    """A check whose violations are the rows of a query; `sentence` names its columns by place: "Run {0} has {1} outputs."."""

    def check() -> Iterator[str]:
        yield from (sentence.format(*row) for row in rows_of(query, parameters))

    return check


def all_of(*checks: Callable[[], Iterable[str]]) -> Callable[[], Iterator[str]]:
    """A check that makes several."""

    def check() -> Iterator[str]:
        for part in checks:
            yield from part()

    return check


def rows_of(query: str, parameters: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, fetched as they are needed. `parameters` are written %(name)s; without any a % stands for itself."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(1000):
            yield from rows
