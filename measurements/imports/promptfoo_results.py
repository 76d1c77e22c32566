"""promptfoo's results: the JSON file of version 3 or 2, a list of results, or its JSONL export with one result a line.

A test that failed is a finding, so its success is turned round; a call that failed is none. People's ratings are told apart from the assertions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from measurements.enums import FailureReason, Outcome, Scale
from measurements.imports.answers import (
    MOST_NAME,
    MOST_REASON,
    Answer,
    ImportedMetric,
    Label,
    LeftOver,
    Origin,
    Verdict,
    answered,
    failed,
    has_content,
    short,
    unused,
    whole,
)
from measurements.imports.cases import Limits
from measurements.imports.formats import Read, Row, jsonl_rows
from measurements.imports.json_documents import Found, read_document
from measurements.imports.lines import ByteStream, read_lines, read_text
from systems.providers.storable import storable

ERROR = 2  # promptfoo's failure reason of a call that went wrong; 1 is a failed assertion, 0 none
RESULTS, TABLE = ("results", "results"), ("results", "table", "body")

RESULT_KEYS = frozenset(
    {
        *("prompt", "provider", "promptIdx", "promptId", "testIdx", "testCase", "test", "vars", "response", "output", "text", "id", "evalId"),
        *("success", "pass", "score", "failureReason", "error", "gradingResult", "latencyMs", "tokenUsage"),
    }
)
RESPONSE_KEYS = frozenset({"output", "tokenUsage", "cached", "error", "isRefusal", "guardrails", "finishReason", "raw", "latencyMs", "cost"})
TEST_KEYS = frozenset({"vars", "assert", "description", "metadata"})

FAILED_TESTS = ImportedMetric(
    "promptfoo: failed tests",
    "The answer failed the test's assertions in promptfoo: its success turned round, so that 1 is a finding.",
    Scale.YES_NO,
    1,
)


def document_rows(stream: ByteStream, limits: Limits, name: str) -> Iterator[Read]:
    """A whole results file. Where it has both the list of results and the table, the first that has rows is read."""
    taken = None
    for found in read_document(read_text(stream, limits), frozenset({RESULTS, TABLE}), limits):
        if not found.is_element:
            yield from _aside(found)
        elif taken in (None, found.path):
            taken = found.path
            yield from _result(found.line, found.value, found.fault, name) if taken == RESULTS else _table_row(found, name)


def list_rows(stream: ByteStream, limits: Limits, name: str) -> Iterator[Read]:
    for found in read_document(read_text(stream, limits), frozenset({()}), limits):
        yield from _result(found.line, found.value, found.fault, name)


def line_rows(stream: ByteStream, limits: Limits, name: str) -> Iterator[Read]:
    for row in jsonl_rows(read_lines(stream, limits), limits):
        yield from _result(row.number, row.values, row.fault, name)


def _aside(found: Found) -> Iterator[Read]:
    """What stands beside the results: when they were made, and totals and settings that the portal works out or keeps by itself."""
    match found.path:
        case ("results", "timestamp"):
            yield Origin(tool="promptfoo", measured_at=short(found.value, 40))
        case ("metadata",) if isinstance(found.value, dict):
            yield Origin(tool="promptfoo", tool_version=short(found.value.get("promptfooVersion"), 40))
        case ("results", "version") | ("evalId",):
            return
        case path if found.fault or has_content(found.value):
            yield LeftOver(short(".".join(path) or "document", 60))


def _table_row(found: Found, name: str) -> Iterator[Read]:
    """A row of the older table: one test with an output for every prompt."""
    row = found.value if isinstance(found.value, dict) else {}
    outputs = row.get("outputs")
    if found.fault or not isinstance(outputs, list):
        yield Row(found.line, {}, found.fault or "The row of the table has no list of outputs.")
        return
    for output in outputs:
        yield from _result(found.line, {"testCase": row.get("test"), **output} if isinstance(output, dict) else output, "", name)


def _result(line: int, value: object, fault: str, name: str) -> Iterator[Read]:
    if fault or not isinstance(value, dict):
        yield Row(line, {}, fault or "The result is not an object.")
        return
    test = _object(value.get("testCase"))
    metadata = {**_object(test.get("metadata")), **_object(value.get("metadata"))}
    case: dict[str, object] = {
        "input": _prompt(value.get("prompt")),
        "id": _text(test.get("description"))[:200],
        "stratum": _text(metadata.get("pluginId"))[:120],
        "language": _text(metadata.get("language"))[:35],
        "source": "promptfoo",
    }
    yield Origin(tool="promptfoo", model=_provider(value))
    answer, odd = _answer(value, test, name)
    left_over = (
        *unused(value, RESULT_KEYS | {"metadata"}),
        *unused(test, TEST_KEYS, "test."),
        *unused(metadata, frozenset({"pluginId", "language"}), "metadata."),
        *unused(_object(value.get("response")), RESPONSE_KEYS, "response."),
        *odd,
    )
    yield Row(line, case, answers=(answer,), left_over=left_over)


def _prompt(prompt: object) -> object:
    """What was sent: promptfoo writes a conversation as JSON into the prompt's text."""
    raw = prompt.get("raw") if isinstance(prompt, dict) else prompt
    if isinstance(raw, str) and raw.lstrip().startswith("["):
        try:
            messages = json.loads(raw)
        except (ValueError, RecursionError):
            return raw
        if isinstance(messages, list) and messages and all(isinstance(message, dict) and {"role", "content"} <= set(message) for message in messages):
            return messages
    return raw


def _answer(result: Mapping[str, object], test: Mapping[str, object], name: str) -> tuple[Answer, tuple[str, ...]]:
    """How the call ended, and what is said about the answer that can't stand here."""
    response = _object(result.get("response"))
    model = _provider(result)
    verdicts, labels, odd = _judged(result, test, name)
    output = response.get("output", result.get("text", result.get("output")))
    text = output if isinstance(output, str) or output is None else json.dumps(output, ensure_ascii=False)
    if (error := _call_error(result, response, text)) is not None:
        return failed(FailureReason.PROVIDER_ERROR, error, model=model), odd
    usage = _object(response.get("tokenUsage") or result.get("tokenUsage"))
    figures = {"prompt_tokens": whole(usage.get("prompt")), "completion_tokens": whole(usage.get("completion")), "latency_ms": whole(result.get("latencyMs"))}
    said = {"model": model, "finish_reason": short(response.get("finishReason"), 40), **figures}
    outcome = _refused_or_blocked(response)
    if outcome is None:
        return answered(text, verdicts=verdicts, labels=labels, **said), odd
    if verdicts:
        odd = (*odd, f"verdicts on answers that were {outcome.label.lower()}")
    refusal, kept = (storable(text or ""), "") if outcome == Outcome.REFUSED else ("", storable(text or ""))
    return Answer(outcome, refusal=refusal, text=kept, labels=labels, **said), odd  # type: ignore[arg-type]


def _call_error(result: Mapping[str, object], response: Mapping[str, object], text: str | None) -> str | None:
    """What went wrong with the call, None when it went well. A failed assertion stands in the same field, but there is an answer then."""
    reason, error = result.get("failureReason"), response.get("error") or result.get("error")
    if reason == ERROR or (reason is None and error and not text) or (response.get("error") and not text):
        return _text(error) or "promptfoo gives no reason."
    return None


def _refused_or_blocked(response: Mapping[str, object]) -> Outcome | None:
    guardrails = _object(response.get("guardrails"))
    if response.get("isRefusal") is True:
        return Outcome.REFUSED
    if guardrails.get("flaggedInput") is True:
        return Outcome.INPUT_BLOCKED
    if guardrails.get("flaggedOutput") is True or response.get("finishReason") == "content_filter":
        return Outcome.OUTPUT_BLOCKED
    return None


def _judged(result: Mapping[str, object], test: Mapping[str, object], name: str) -> tuple[tuple[Verdict, ...], tuple[Label, ...], tuple[str, ...]]:
    """The assertions' verdict and people's ratings. A rating replaces the success in promptfoo, so the assertions are asked again without it."""
    grading = _object(result.get("gradingResult"))
    parts = grading.get("componentResults")
    components = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    people = [part for part in components if _object(part.get("assertion")).get("type") == "human"]
    machines = [part for part in components if part not in people]
    labels = tuple(_label(part, name) for part in people[:1] if isinstance(part.get("pass"), bool))
    success = result.get("success", result.get("pass"))
    if people:
        success = all(part.get("pass") is True for part in machines) if machines else None
    if not isinstance(success, bool):
        return (), labels, () if people else ("results without success",)
    if success and not machines and not has_content(test.get("assert")):
        return (), labels, ("successes without an assertion",)
    return (Verdict(FAILED_TESTS, int(not success), _reason(grading, machines)),), labels, ()


def _reason(grading: Mapping[str, object], components: Sequence[Mapping[str, object]]) -> str:
    """The grading's own reason, and those of the parts that failed where they say something else."""
    reasons = [_text(grading.get("reason")), *(_text(part.get("reason")) for part in components if part.get("pass") is False)]
    return short(" / ".join(dict.fromkeys(reason for reason in reasons if reason)), MOST_REASON)


def _label(part: Mapping[str, object], name: str) -> Label:
    return Label(FAILED_TESTS, short(f"rating in {name}", MOST_NAME), int(part["pass"] is False), short(part.get("comment") or part.get("reason"), MOST_REASON))


def _provider(result: Mapping[str, object]) -> str:
    provider = result.get("provider")
    known = _object(provider)
    return short(known.get("id") or known.get("label") or provider, MOST_NAME)


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
