"""Cases of the sample sets: each stratum's template filled with all combinations of its slots, evenly thinned."""

from __future__ import annotations

import itertools
import json
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def jsonl(described: Mapping[str, Any]) -> bytes:
    """The set's cases as JSON lines, the same every time."""
    lines = [
        json.dumps({"id": f"{stratum}-{number:03d}", "input": text, "stratum": stratum, "language": "en"}, ensure_ascii=False)
        for stratum, template in described["strata"].items()
        for number, text in enumerate(filled(template, described["slots"], described["cases_per_stratum"]), start=1)
    ]
    return ("\n".join(lines) + "\n").encode()


def filled(template: str, slots: Mapping[str, Sequence[str]], most: int) -> Iterator[str]:
    """At most `most` fillings of the template, spread evenly over all combinations."""
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    combinations = [dict(zip(names, values, strict=True)) for values in itertools.product(*(slots[name] for name in names))]
    count = min(most, len(combinations))
    for index in range(count):
        yield template.format(**combinations[index * len(combinations) // count])
