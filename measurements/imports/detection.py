"""Which format a file has, by how it begins and then by its name; a guess that the person may overrule."""

from __future__ import annotations

from pathlib import PurePath

from measurements.imports.kinds import HEAD_BYTES, Head, look
from measurements.imports.promptfoo import RESULT_KEYS

FORMAT_BY_SUFFIX = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "prompts",
    ".prompt": "pyrit",
    ".yaml": "promptfoo",
    ".yml": "promptfoo",
}
PROMPTFOO_CONFIG = frozenset({"tests", "providers", "targets", "defaultTest", "redteam", "scenarios"})

__all__ = ["FORMAT_BY_SUFFIX", "HEAD_BYTES", "detect_format"]


def detect_format(file_name: str, head: bytes) -> str:
    """The format of a file that begins with `head`: one of those that can be imported."""
    seen = look(head)
    found = _of_json(seen) if seen.opening else _of_yaml(seen) if seen.yaml_keys else _of_table(seen)
    return found or FORMAT_BY_SUFFIX.get(PurePath(file_name).suffix.casefold(), "prompts")


def _of_json(head: Head) -> str:
    keys = head.keys
    if "entry_type" in keys or "garak_payload_name" in keys or ({"probe", "detector"} <= keys and head.opening == "{"):
        return "garak"
    if "input" in keys:
        return "jsonl"
    if len(keys & RESULT_KEYS) > 1 or "evalId" in keys or keys & PROMPTFOO_CONFIG or "vars" in keys or {"results", "config"} <= keys:
        return "promptfoo"
    if head.opening == "[":
        return "garak"
    if head.is_line:
        return "garak" if keys & {"prompt", "prefix", "turns"} else "jsonl"
    return ""


def _of_yaml(head: Head) -> str:
    keys = head.yaml_keys
    if "seeds" in keys or {"value", "parameters"} <= keys:
        return "pyrit"
    if keys & PROMPTFOO_CONFIG:
        return "promptfoo"
    if "prompts" in keys and keys & {"dataset_name", "harm_categories", "data_type", "groups"}:
        return "pyrit"
    return "promptfoo" if "prompts" in keys else ""


def _of_table(head: Head) -> str:
    """By the cells of the first line; a list of prompts that begins with the lone word `input` is more likely a CSV too."""
    columns = {column.casefold() for column in head.columns}
    if "input" in columns:
        return "csv"
    if {"assistant_response", "objective"} <= columns:
        return "pyrit"
    return "promptfoo" if any(column.startswith("__") for column in columns) else ""
