"""The files of promptfoo, each by what it is: results, or tests as YAML, JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterator

from measurements.imports import promptfoo_results, promptfoo_tests
from measurements.imports.cases import Limits
from measurements.imports.formats import Read
from measurements.imports.kinds import HEAD_BYTES, look
from measurements.imports.lines import ByteStream, read_head

RESULT_KEYS = frozenset({"promptIdx", "testIdx", "gradingResult", "response", "failureReason"})


def promptfoo_rows(stream: ByteStream, limits: Limits, name: str) -> Iterator[Read]:
    head = look(read_head(stream, HEAD_BYTES))
    if head.opening == "{" and len(head.keys & RESULT_KEYS) > 1:
        return promptfoo_results.line_rows(stream, limits, name)
    if head.opening == "{" and head.keys & {"evalId", "results"}:
        return promptfoo_results.document_rows(stream, limits, name)
    if head.opening == "[" and len(head.keys & RESULT_KEYS) > 1:
        return promptfoo_results.list_rows(stream, limits, name)
    if head.opening or head.yaml_keys:
        return promptfoo_tests.document_rows(stream, limits, is_json=bool(head.opening))
    return promptfoo_tests.table_test_rows(stream, limits)
