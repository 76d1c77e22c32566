"""Files of prompts turned into cases: a stream of bytes in, cases and rejected rows out, and a report over them.

Pure functions without a database. Every row either becomes a case exactly as it was written or is rejected with a sentence that says why.
"""

from __future__ import annotations

from measurements.imports.answers import Answer, ImportedMetric, Label, LeftOver, Origin, Verdict
from measurements.imports.cases import IgnoredColumn, Limits, Message, ParsedCase, RejectedRow, case_key
from measurements.imports.parsing import FORMATS, parse
from measurements.imports.report import Report, Tally, build_report

__all__ = [
    "FORMATS",
    "Answer",
    "IgnoredColumn",
    "ImportedMetric",
    "Label",
    "LeftOver",
    "Limits",
    "Message",
    "Origin",
    "ParsedCase",
    "RejectedRow",
    "Report",
    "Tally",
    "Verdict",
    "build_report",
    "case_key",
    "parse",
]
