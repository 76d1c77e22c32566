"""PyRIT's files, each by what it is: seeds in YAML, or a scorer evaluation in CSV."""

from __future__ import annotations

from collections.abc import Iterator

from measurements.imports import pyrit_evaluations, pyrit_seeds
from measurements.imports.cases import Limits
from measurements.imports.formats import Read
from measurements.imports.kinds import HEAD_BYTES, look
from measurements.imports.lines import ByteStream, read_head


def pyrit_rows(stream: ByteStream, limits: Limits, name: str) -> Iterator[Read]:
    head = look(read_head(stream, HEAD_BYTES))
    if "assistant_response" in {column.casefold() for column in head.columns}:
        return pyrit_evaluations.evaluation_rows(stream, limits, name)
    return pyrit_seeds.seed_rows(stream, limits)
