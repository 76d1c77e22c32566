"""What a file is, told from its beginning: which keys its first object has, whether it is YAML, what its header says."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from measurements.imports.formats import DELIMITERS

HEAD_BYTES = 64 * 1024  # enough for a header or a first case; a longer first line is judged by the file's name

YAML_LINE = re.compile(r"(?:- )?[A-Za-z_]\w*:(?:\s|$)|---\s*$|- \S")
YAML_KEY = re.compile(r"^([A-Za-z_]\w*):(?:\s|$)", re.MULTILINE)
JSON_BEGINNING = re.compile(r"""([{\[])\s*(?:["{\[\]}]|$)""")  # a list of prompts may well begin with a bracket, but not with these behind it
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
MOST_KEYS = 200


class Head(NamedTuple):
    """The beginning of a file.

    `opening` is the bracket that a JSON file begins with, `keys` are those of its first object; `is_line`: the object ends on the line it starts on;
    `is_alone`: there is no other line.
    `yaml_keys` are the keys at the left edge if the file looks like YAML, `columns` the cells of the first line that is no comment.
    """

    first_line: str
    opening: str
    keys: frozenset[str]
    is_line: bool
    is_alone: bool
    yaml_keys: frozenset[str]
    columns: frozenset[str]


def look(head: bytes) -> Head:
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    text = head.decode(encoding, errors="replace").lstrip()
    first = text.splitlines()[0].strip() if text else ""
    begins = JSON_BEGINNING.match(text)
    opening = begins[1] if begins else ""
    keys = frozenset(_first_keys(text)) if opening else frozenset()
    is_yaml = not opening and _looks_like_yaml(text)
    yaml_keys = frozenset(YAML_KEY.findall(text)) | frozenset({"-"} if is_yaml and first.startswith("- ") else ()) if is_yaml else frozenset()
    is_line = opening == "{" and _is_json_object(first)
    return Head(first, opening, keys, is_line, text.strip() == first, yaml_keys, frozenset(_columns(text)))


def _is_json_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _first_keys(text: str) -> Iterator[str]:
    """Keys of the document's object, or of the first object in its list, as far as the text goes. A list that begins with a text gives none."""
    at, depth, found = 1, 1, 0
    inner = 1 if text.startswith("{") else 2
    while at < len(text) and found < MOST_KEYS:
        sign = text[at]
        if sign == '"':
            string = STRING.match(text, at)
            if string is None or depth < inner:
                return
            at = string.end()
            if depth == inner and text[at : at + 40].lstrip().startswith(":"):
                found += 1
                yield string[0][1:-1]
            continue
        depth += (sign in "{[") - (sign in "}]")
        if depth < inner and sign == "}":
            return
        at += 1


def _looks_like_yaml(text: str) -> bool:
    """Whether every line at the left edge is a key, an entry of a list, a comment or a mark between documents, and one of them is a key."""
    lines = text.splitlines()
    edge = [line for line in (lines[:-1] if len(lines) > 1 else lines) if line.strip() and not line.startswith((" ", "\t", "#"))]
    return bool(edge) and all(YAML_LINE.match(line) for line in edge) and any(":" in line for line in edge)


def _columns(text: str) -> Iterator[str]:
    line = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    for delimiter in DELIMITERS:
        with suppress(csv.Error):  # no table has a head that long
            yield from [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
