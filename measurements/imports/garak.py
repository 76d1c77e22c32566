"""garak's files, each by what it is: a report, a hit log, or prompts."""

from __future__ import annotations

from collections.abc import Iterator

from measurements.imports import garak_prompts, garak_reports
from measurements.imports.cases import Limits
from measurements.imports.formats import Read
from measurements.imports.kinds import HEAD_BYTES, look
from measurements.imports.lines import ByteStream, read_head


def garak_rows(stream: ByteStream, limits: Limits) -> Iterator[Read]:
    head = look(read_head(stream, HEAD_BYTES))
    if head.opening == "{" and "entry_type" in head.keys:
        return garak_reports.report_rows(stream, limits)
    if head.opening == "{" and {"probe", "detector"} <= head.keys:
        return garak_reports.hit_rows(stream, limits)
    return garak_prompts.prompt_file_rows(stream, limits, head)
