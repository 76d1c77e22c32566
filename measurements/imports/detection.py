"""Which format a file has, by its first line and then by its name; a guess that the person may overrule."""

from __future__ import annotations

import codecs
import csv
import json
from pathlib import PurePath

from measurements.imports.formats import DELIMITERS

HEAD_BYTES = 64 * 1024  # enough for a header or a first case; a longer first line is judged by the file's name
FORMAT_BY_SUFFIX = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".txt": "prompts"}


def detect_format(file_name: str, head: bytes) -> str:
    """The format of a file that begins with `head`: "jsonl", "csv" or "prompts"."""
    line = _first_line(head)
    if _is_json_object(line):
        return "jsonl"
    if _is_header(line):
        return "csv"
    return FORMAT_BY_SUFFIX.get(PurePath(file_name).suffix.casefold(), "prompts")


def _first_line(head: bytes) -> str:
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    lines = head.decode(encoding, errors="replace").splitlines()
    return next((line.strip() for line in lines if line.strip()), "")


def _is_json_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_header(line: str) -> bool:
    """Whether one of the cells is the column `input`; a list of prompts that begins with the lone word is more likely a CSV too."""
    cells = (cell for delimiter in DELIMITERS for cell in next(csv.reader([line], delimiter=delimiter), []))
    return any(cell.strip().casefold() == "input" for cell in cells)
