"""Content filters as outcomes: every variant in which Azure and the gateways before it have been seen to tell of them (REL-20)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from systems.providers.exchange import Exchange, judge
from systems.providers.protocol import Outcome, Reply
from tests.fakes.scripted_endpoint import completion

VIOLATION = {"code": "content_filter", "message": "The response was filtered.", "param": "prompt", "type": None, "status": 400}
POLICY = "ResponsibleAIPolicyViolation"
HIGH_VIOLENCE = {"violence": {"filtered": True, "severity": "high"}}
BLOCKED_VIOLENCE = {"violence": {"filtered": True, "severity": "high", "detected": None}}


def judged(content: dict[str, Any], status: int = 200) -> Reply:
    return judge(Exchange(status, {}, json.dumps(content).encode(), False, 12))


def completed(text: str = "ready", *, results: Any = None, finish_reason: str = "stop", **top: Any) -> dict[str, Any]:
    """An answer, with annotations of its choice and whatever stands beside the choices."""
    content: dict[str, Any] = {**completion(text), **top}
    content["choices"][0] |= {"finish_reason": finish_reason} | ({} if results is None else {"content_filter_results": results})
    return content


@pytest.mark.parametrize(
    "error",
    [
        {**VIOLATION, "innererror": {"code": POLICY, "content_filter_result": HIGH_VIOLENCE}},
        {**VIOLATION, "innererror": {"code": POLICY, "content_filter_results": HIGH_VIOLENCE}},
        {**VIOLATION, "content_filter_result": HIGH_VIOLENCE},
        {**VIOLATION, "content_filter_results": HIGH_VIOLENCE, "innererror": {"code": POLICY}},
        {**VIOLATION, "inner_error": {"code": POLICY, "content_filter_result": HIGH_VIOLENCE}},
        {"code": "400", "message": "Bad request", "innererror": {"code": POLICY, "content_filter_results": HIGH_VIOLENCE}},
        {"code": "400", "message": "Bad request", "content_filter_result": HIGH_VIOLENCE},
        {"code": "content_filter", "content_filters": [{"blocked": True, "source_type": "prompt", "content_filter_results": HIGH_VIOLENCE}]},
    ],
    ids=["inner-result", "inner-results", "error-result", "error-results", "inner-underscored", "inner-code-alone", "results-alone", "guardrails"],
)
@pytest.mark.parametrize("is_bare", [False, True], ids=["whole", "without-the-level-error"])
def test_a_blocked_prompt_is_an_outcome_with_category_and_severity(error: dict[str, Any], is_bare: bool) -> None:
    reply = judged(error if is_bare else {"error": error}, 400)

    assert (reply.outcome, reply.reason, reply.filters) == (Outcome.INPUT_BLOCKED, None, {"prompt": BLOCKED_VIOLENCE})
    assert json.loads(reply.body)


@pytest.mark.parametrize("text", ["", "half of an ans"])
def test_a_blocked_answer_is_an_outcome_with_category_and_severity(text: str) -> None:
    reply = judged(completed(text, results=HIGH_VIOLENCE, finish_reason="content_filter"))

    assert (reply.outcome, reply.text, reply.filters) == (Outcome.OUTPUT_BLOCKED, text, {"completion": BLOCKED_VIOLENCE})
    assert (reply.model_reported, reply.fingerprint, reply.prompt_tokens) == ("sim-1", "fp_1", 7)


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        *[("safe", "safe"), ("low", "low"), ("medium", "medium"), ("high", "high"), ("High", "high")],
        *[(0, "safe"), (1, "safe"), (2, "low"), (3, "low"), (4, "medium"), (5, "medium"), (6, "high"), (7, "high")],
        *[(None, None), (8, None), (-1, None), (True, None), ("odd", None)],
    ],
)
def test_an_annotation_alone_never_blocks(said: Any, severity: str | None) -> None:
    reply = judged(completed(results={"hate": {"filtered": False, "severity": said}}))

    assert (reply.outcome, reply.text) == (Outcome.ANSWERED, "ready")
    assert reply.filters == {"completion": {"hate": {"filtered": False, "severity": severity, "detected": None}}}


def test_a_severity_may_be_left_out() -> None:
    assert judged(completed(results={"hate": {"filtered": False}})).filters["completion"]["hate"]["severity"] is None


@pytest.mark.parametrize("spelling", ["self_harm", "self-harm", "selfHarm", "SelfHarm", "Self-Harm", "self harm"])
def test_every_spelling_is_one_category(spelling: str) -> None:
    reply = judged(completed(results={spelling: {"filtered": False, "severity": "low"}}))

    assert list(reply.filters["completion"]) == ["self_harm"]


@pytest.mark.parametrize("key", ["prompt_filter_results", "prompt_filter_result", "prompt_annotations"])
@pytest.mark.parametrize("inner", ["content_filter_results", "content_filter_result"])
@pytest.mark.parametrize("is_listed", [True, False])
def test_what_is_said_of_the_prompt_beside_an_answer_is_kept_apart(key: str, inner: str, is_listed: bool) -> None:
    entry = {"prompt_index": 0, inner: {"sexual": {"filtered": False, "severity": "low"}}}

    reply = judged(completed(results={"sexual": {"filtered": False, "severity": "safe"}}, **{key: [entry] if is_listed else entry}))

    assert reply.outcome is Outcome.ANSWERED
    assert (reply.filters["prompt"]["sexual"]["severity"], reply.filters["completion"]["sexual"]["severity"]) == ("low", "safe")


@pytest.mark.parametrize("detector", ["jailbreak", "indirect_attack", "protected_material_text", "protected_material_code", "profanity"])
@pytest.mark.parametrize(("filtered", "detected"), [(True, True), (False, True), (False, False)])
def test_detectors_say_yes_or_no_and_have_no_severity(detector: str, filtered: bool, detected: bool) -> None:
    citation = {"URL": "https://example.org/code", "license": "MIT"}
    reply = judged(completed(results={detector: {"filtered": filtered, "detected": detected, "citation": citation}}))

    assert reply.filters["completion"][detector] == {"filtered": filtered, "severity": None, "detected": detected}
    assert "https://example.org/code" in reply.body


@pytest.mark.parametrize(
    ("lists", "filtered", "detected"),
    [
        ([{"id": "house-words", "filtered": True}], True, True),
        ([], False, False),
        ({"filtered": True, "details": [{"id": "house-words", "filtered": True}]}, True, True),
        ({"filtered": False, "details": []}, False, False),
        ({"filtered": False}, False, None),
    ],
)
def test_custom_blocklists_are_read_in_both_forms(lists: Any, filtered: bool, detected: bool | None) -> None:
    reply = judged(completed(results={"custom_blocklists": lists}))

    assert reply.filters["completion"]["custom_blocklists"] == {"filtered": filtered, "severity": None, "detected": detected}


def test_a_filter_that_failed_itself_has_said_nothing() -> None:
    failure = {"error": {"code": "content_filter_error", "message": "The contents are not filtered"}}
    reply = judged(completed(results=failure, prompt_filter_results=[{"content_filter_results": failure}]))

    assert (reply.outcome, reply.filters) == (Outcome.ANSWERED, {})


def test_several_verdicts_on_one_category_leave_the_gravest() -> None:
    entries = [{"content_filter_results": {"hate": {"filtered": False, "severity": severity}}} for severity in ("low", "medium", "safe")]

    assert judged(completed(prompt_filter_results=entries)).filters["prompt"]["hate"]["severity"] == "medium"


def test_an_error_that_is_no_filter_stays_one() -> None:
    error = {"code": "invalid_value", "message": "temperature is too high", "content_filter_result": {"hate": {"filtered": False, "severity": "safe"}}}

    assert judged({"error": error}, 400).outcome is Outcome.FAILED
