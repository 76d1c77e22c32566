"""Conversations that were held elsewhere, as text or JSON, read into exchanges; what can't be read is named by its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from systems.providers import storable

MOST_EXCHANGES = 200
MOST_CHARACTERS = 500_000
MOST_PROBLEMS = 20  # that are shown
USER_WORDS = frozenset({"user", "human", "tester", "prompt"})
ASSISTANT_WORDS = frozenset({"assistant", "ai", "model", "bot", "system under test"})
_SPEAKER = re.compile(r"^\s*\**(user|human|tester|prompt|assistant|ai|model|bot|system under test|system)\**\s*:\s?", re.IGNORECASE)
EMPTY = "There is nothing in it."
NO_SPEAKER = "Start each message with who says it, such as “User:” or “Assistant:”."


@dataclass(frozen=True)
class Message:
    """`line` is where it starts, from 1; of JSON, its place in the list."""

    role: str
    text: str
    line: int


@dataclass(frozen=True)
class Exchange:
    """What was sent, and what came back; `answer` None where the conversation ends before one."""

    text: str
    answer: str | None


@dataclass(frozen=True)
class Transcript:
    """The exchanges, the instructions that came first (if any), and the problems as (line, sentence)."""

    exchanges: Sequence[Exchange] = ()
    instructions: str = ""
    problems: Sequence[tuple[int, str]] = field(default_factory=tuple)


def read(text: str) -> Transcript:
    """A transcript from "User: ... Assistant: ..." text, or from JSON messages ([{"role", "content"}] or {"messages": [...]})."""
    if len(text) > MOST_CHARACTERS:
        return Transcript(problems=[(1, f"It is longer than {MOST_CHARACTERS:,} characters. Bring it in parts.")])
    if not text.strip():
        return Transcript(problems=[(1, EMPTY)])
    found = list(_of_json(text) if text.lstrip()[0] in "[{" else _of_text(text))
    messages = [message for message in found if isinstance(message, Message)]
    problems = [problem for problem in found if not isinstance(problem, Message)]
    return _paired(messages, problems)


def _of_text(text: str) -> Iterator[Message | tuple[int, str]]:
    role, lines, start = "", [], 1
    for number, line in enumerate(text.splitlines(), start=1):
        speaker = _SPEAKER.match(line)
        if speaker is None:
            if not role and line.strip():
                yield number, NO_SPEAKER
                return
            lines.append(line)
            continue
        if role:
            yield Message(role, "\n".join(lines).strip(), start)
        role, lines, start = _role(speaker[1].lower()), [line[speaker.end() :]], number
    if role:
        yield Message(role, "\n".join(lines).strip(), start)


def _role(word: str) -> str:
    return "user" if word in USER_WORDS else "assistant" if word in ASSISTANT_WORDS else "system"


def _of_json(text: str) -> Iterator[Message | tuple[int, str]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield getattr(error, "lineno", 1), "This is no JSON: it can't be read from here on."
        return
    listed = data.get("messages") if isinstance(data, dict) else data
    if not isinstance(listed, list):
        yield 1, 'Bring a list of messages, each {"role", "content"}.'
        return
    for number, entry in enumerate(listed, start=1):
        yield _message(entry, number)


def _message(entry: Any, number: int) -> Message | tuple[int, str]:
    role, content = (entry.get("role"), entry.get("content")) if isinstance(entry, dict) else (None, None)
    if not isinstance(role, str) or not isinstance(content, str):
        return number, f'Message {number} is no {{"role", "content"}} with texts.'
    word = role.lower()
    if word not in USER_WORDS | ASSISTANT_WORDS | {"system", "developer"}:
        return number, f"Message {number} is said by “{role[:40]}”; there is user, assistant and system."
    return Message(_role(word), content.strip(), number)


def _paired(messages: Sequence[Message], problems: list[tuple[int, str]]) -> Transcript:
    exchanges: list[Exchange] = []
    instructions: list[str] = []
    waiting: Message | None = None
    for message in messages:
        if not message.text:
            problems.append((message.line, "This message is empty."))
        elif message.role == "system":
            instructions.append(message.text)
        elif message.role == "user":
            if waiting is not None:
                problems.append((message.line, f"Nobody answered the message from {waiting.line}. Put both into one, or bring the answer."))
            waiting = message
        elif waiting is None:
            problems.append((message.line, "This answers nothing: a message of the user has to come before."))
        else:
            exchanges.append(Exchange(storable(waiting.text), storable(message.text)))
            waiting = None
    if waiting is not None:
        exchanges.append(Exchange(storable(waiting.text), None))
    if not exchanges and not problems:
        problems.append((1, EMPTY))
    if len(exchanges) > MOST_EXCHANGES:
        problems.append((1, f"It has {len(exchanges):,} exchanges; at most {MOST_EXCHANGES} are taken. Bring it in parts."))
    return Transcript(exchanges, storable("\n\n".join(instructions)), sorted(problems)[:MOST_PROBLEMS])
