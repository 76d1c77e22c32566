"""What an import found: counted as the rows go by, so that a dry run and the real thing tell the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace

from measurements.imports.cases import IgnoredColumn, ParsedCase, RejectedRow
from measurements.imports.parsing import Parsed
from measurements.imports.results import Results, ResultTally

MAX_REJECTED_SHOWN = 1_000

SAMPLE_SIZE = 5


@dataclass(frozen=True)
class Report:
    """The outcome of an import. `rejected` holds the first 1,000 of `rejected_count`; `strata` and `languages` count accepted cases."""

    accepted: int
    duplicates: int
    rejected_count: int
    rejected: list[RejectedRow]
    ignored_columns: list[str]
    strata: dict[str, int]
    languages: dict[str, int]
    sample: list[ParsedCase]
    results: Results

    @property
    def rows(self) -> int:
        return self.accepted + self.duplicates + self.rejected_count


class Tally:
    """Passes on the cases of a file that are new, and counts everything else on the way."""

    def __init__(self, existing_keys: Container[str] = ()) -> None:
        self._existing = existing_keys
        self._seen: set[str] = set()
        self._duplicates = 0
        self._rejected_count = 0
        self._rejected: list[RejectedRow] = []
        self._ignored: list[str] = []
        self._strata: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._sample: list[ParsedCase] = []
        self._results = ResultTally()

    def fresh_cases(self, rows: Iterable[Parsed]) -> Iterator[ParsedCase]:
        """The cases that are neither in the existing keys nor earlier in the file, in order."""
        for row in rows:
            self._results.note(row)
            if isinstance(row, IgnoredColumn):
                self._ignored.append(row.name)
            elif isinstance(row, RejectedRow):
                self._reject(row)
            elif not isinstance(row, ParsedCase):
                continue
            elif row.key in self._seen or row.key in self._existing:
                self._duplicates += 1
            else:
                self._accept(row)
                yield row

    def report(self) -> Report:
        """What has gone by so far."""
        return Report(
            accepted=len(self._seen),
            duplicates=self._duplicates,
            rejected_count=self._rejected_count,
            rejected=list(self._rejected),
            ignored_columns=list(self._ignored),
            strata=dict(self._strata),
            languages=dict(self._languages),
            sample=list(self._sample),
            results=self._results.results(),
        )

    def _reject(self, row: RejectedRow) -> None:
        self._rejected_count += 1
        if len(self._rejected) < MAX_REJECTED_SHOWN:
            self._rejected.append(row)

    def _accept(self, case: ParsedCase) -> None:
        self._seen.add(case.key)
        self._strata[case.stratum] += 1
        self._languages[case.language] += 1
        if len(self._sample) < SAMPLE_SIZE:
            self._sample.append(replace(case, answers=()))


def build_report(rows: Iterable[Parsed], existing_keys: Container[str] = ()) -> Report:
    """Read a file to its end and report, keeping nothing else of it: the dry run."""
    tally = Tally(existing_keys)
    for _ in tally.fresh_cases(rows):
        pass
    return tally.report()
