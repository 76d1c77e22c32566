"""What a row of any format must hold to become a case, and the key by which a case is known for ever."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from measurements.imports.answers import Answer

ROLES = ("system", "developer", "user", "assistant", "tool")
FIELDS = ("input", "id", "stratum", "harm", "expectation", "language", "source")

UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL keeps neither NUL nor half of a surrogate pair


class Message(TypedDict):
    """One turn of a conversation, sent as it stands."""

    role: str
    content: str


@dataclass(frozen=True)
class Limits:
    """How much a file, a row and a field may hold; lengths in characters unless the name says bytes."""

    max_bytes: int = 50 * 1024 * 1024
    max_rows: int = 200_000
    max_input: int = 200_000  # over all messages of a case
    max_messages: int = 500
    max_expectation: int = 20_000
    max_id: int = 200
    max_stratum: int = 120
    max_harm: int = 200
    max_language: int = 35  # RFC 5646, section 4.4.1
    max_source: int = 300
    max_record_bytes: int = 4_000_000  # a full input, every character of it escaped, with room to spare


NumberedAnswer = tuple[int, Answer]


@dataclass(frozen=True)
class ParsedCase:
    """A row that is a case. Fields that the row leaves out are empty. `row` is the physical line it starts on, counted from 1.

    `answers` are what a file of results has for it, each with its number among all answers of the file to this prompt, counted from 0.
    """

    row: int
    messages: list[Message]
    external_id: str
    stratum: str
    harm: str
    expectation: str
    language: str
    source: str
    key: str
    answers: tuple[NumberedAnswer, ...] = ()


@dataclass(frozen=True)
class RejectedRow:
    """A row that is not a case, and a sentence for the person who has to mend it; `row` as for ParsedCase."""

    row: int
    reason: str


@dataclass(frozen=True)
class IgnoredColumn:
    """A column or key that means nothing to us; reported once, where it first occurs."""

    name: str


class RowFaultError(Exception):
    """Why one row can't become a case. Never leaves this package: it ends as a RejectedRow."""


def case_key(messages: Sequence[Message]) -> str:
    """The lasting identity of a case: 32 hex characters of SHA-256 over what is sent, exactly as it is sent.

    Over the UTF-8 of `[["role","content"],...]` without spaces. Text is not normalised: another space is another prompt. Expectation, stratum and
    the like are left out, so that a case whose label is corrected still pairs with its former self, and the same prompt can't count twice in one set.
    """
    canonical = json.dumps([[message["role"], message["content"]] for message in messages], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def read_case(row: int, values: Mapping[str, object], limits: Limits) -> ParsedCase:
    """Turn the known fields of a row into a case. Raises RowFaultError."""
    messages = _messages(values.get("input"), limits)
    return ParsedCase(
        row=row,
        messages=messages,
        external_id=_label("id", values, limits.max_id),
        stratum=_label("stratum", values, limits.max_stratum),
        harm=_label("harm", values, limits.max_harm),
        expectation=_text("expectation", values.get("expectation"), limits.max_expectation),
        language=_label("language", values, limits.max_language),
        source=_label("source", values, limits.max_source),
        key=case_key(messages),
    )


def shown_name(name: str) -> str:
    """A name out of a file, fit for a message: short, and without what can't be stored."""
    cleaned = UNSTORABLE.sub("\ufffd", name)
    return cleaned if len(cleaned) <= 60 else f"{cleaned[:59]}…"


def _messages(value: object, limits: Limits) -> list[Message]:
    if value is None:
        raise RowFaultError('The row has no "input".')
    if isinstance(value, str):
        messages: list[Message] = [{"role": "user", "content": _storable("input", value)}]
    elif isinstance(value, list):
        messages = _conversation(value, limits)
    else:
        raise RowFaultError('"input" is neither text nor a list of messages.')
    if not messages[-1]["content"].strip():
        raise RowFaultError('"input" is empty.')
    length = sum(len(message["content"]) for message in messages)
    if length > limits.max_input:
        raise RowFaultError(f'"input" has {length:,} characters; {limits.max_input:,} is the most.')
    return messages


def _conversation(values: list[object], limits: Limits) -> list[Message]:
    if not values:
        raise RowFaultError('"input" is an empty list.')
    if len(values) > limits.max_messages:
        raise RowFaultError(f'"input" has {len(values):,} messages; {limits.max_messages:,} is the most.')
    messages = [_message(number, value) for number, value in enumerate(values, start=1)]
    if messages[-1]["role"] != "user":
        raise RowFaultError(f'The last message is from "{messages[-1]["role"]}"; it has to be from "user", since that is what gets answered.')
    return messages


def _message(number: int, value: object) -> Message:
    if not isinstance(value, dict):
        raise RowFaultError(f"Message {number} is not an object with role and content.")
    role, content = value.get("role"), value.get("content")
    if not isinstance(role, str) or role not in ROLES:
        raise RowFaultError(f"Message {number} has no known role; use one of {', '.join(ROLES)}.")
    if not isinstance(content, str):
        raise RowFaultError(f"The content of message {number} is not text.")
    return {"role": role, "content": _storable(f"message {number}", content)}


def _label(name: str, values: Mapping[str, object], longest: int) -> str:
    """A short text, where a whole number will do and spaces round it don't count."""
    value = values.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return _text(name, value.strip() if isinstance(value, str) else value, longest)


def _text(name: str, value: object, longest: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RowFaultError(f'"{name}" is not text.')
    if len(value) > longest:
        raise RowFaultError(f'"{name}" has {len(value):,} characters; {longest:,} is the most.')
    return _storable(name, value)


def _storable(name: str, text: str) -> str:
    found = UNSTORABLE.search(text)
    if not found:
        return text
    what = "a NUL character" if found[0] == "\0" else "half of a surrogate pair, which is no character"
    raise RowFaultError(f'"{name}" holds {what} (at character {found.start() + 1:,}); it can\'t be stored.')
