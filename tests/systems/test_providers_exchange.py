"""How answers of model endpoints are read: every outcome, every kind of rubbish, nothing lost (REL-14, REL-15, REL-18, REL-19, REL-20)."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from systems.providers import json_body, retry_after, storable
from systems.providers.exchange import Exchange, judge
from systems.providers.protocol import FailureReason, Outcome, Reply, Retryable, RetryKind, Stop, StopCause
from systems.providers.storable import restored
from tests.fakes.scripted_endpoint import completion

NUL_ANSWER = rb'{"choices": [{"message": {"content": "a\u0000b"}, "finish_reason": "stop"}]}'
CUT_EMOJI_ANSWER = rb'{"choices": [{"message": {"content": "so \ud83d"}, "finish_reason": "length"}]}'
MARKED_ANSWER = b"\xef\xbb\xbf" + json.dumps(completion()).encode()
DOUBLED_ANSWER = b'{"choices": [], "choices": [{"message": {"content": "ready"}}]}'


def judged(content: bytes | dict[str, Any], status: int = 200, *, truncated: bool = False, **headers: str) -> Reply:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return judge(Exchange(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw, truncated, 12))


def with_choice(**choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "finish_reason": "stop", **choice}]}


def test_an_answer_brings_everything_that_the_provider_said() -> None:
    reply = judged(completion("Guten Morgen"))

    assert (reply.outcome, reply.reason, reply.text, reply.refusal) == (Outcome.ANSWERED, None, "Guten Morgen", "")
    assert (reply.finish_reason, reply.model_reported, reply.fingerprint) == ("stop", "sim-1", "fp_1")
    assert (reply.prompt_tokens, reply.completion_tokens, reply.latency_ms, reply.status) == (7, 3, 12, 200)
    assert json.loads(reply.body) == completion("Guten Morgen")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (completion("x" * 1_000_000), "x" * 1_000_000),
        (with_choice(message={"content": "cut", "refusal": None}, finish_reason="length"), "cut"),
        (with_choice(message={"content": "new"}, finish_reason="something_new"), "new"),
        (with_choice(message={"content": "odd"}, finish_reason=17), "odd"),
        (with_choice(message={"content": "called", "tool_calls": [{"id": "1"}]}), "called"),
        (with_choice(message={"content": [{"type": "text", "text": "two "}, {"type": "text", "text": "parts"}]}), "two parts"),
        ({**completion("bare"), "usage": "many", "model": None, "system_fingerprint": 3}, "bare"),
        (MARKED_ANSWER, "ready"),
        (DOUBLED_ANSWER, "ready"),
        (NUL_ANSWER, "a\u241b0000b"),
        (CUT_EMOJI_ANSWER, "so \u241bd83d"),
        (b'{"choices": [{"message": {"content": "so \\ud83d"}}], "n": ' + b"9" * 5_000 + b"}", "so \u241bd83d"),
        (b'{"choices": [{"message": {"content": "ready"}}], "n": -' + b"9" * 20_000 + b"}", "ready"),
        (b'{"choices": [{"message": {"content": "ready"}}], "n": 1e99999}', "ready"),
    ],
    ids=[
        "long",
        "cut-off",
        "new-finish-reason",
        "odd-finish-reason",
        "tool-call-beside-text",
        "parts",
        "odd-extras",
        "byte-order-mark",
        "repeated-key",
        "nul",
        "lone-surrogate",
        "lone-surrogate-and-huge-number",
        "huge-number",
        "huge-exponent",
    ],
)
def test_text_counts_as_an_answer(content: Any, text: str) -> None:
    reply = judged(content)

    assert (reply.outcome, reply.text) == (Outcome.ANSWERED, text)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", FailureReason.EMPTY),
        (b" \r\n ", FailureReason.EMPTY),
        ({"choices": []}, FailureReason.EMPTY),
        (with_choice(message={"content": None}), FailureReason.EMPTY),
        (with_choice(message={"content": ""}, finish_reason="length"), FailureReason.EMPTY),
        (with_choice(message={"content": " \n"}), FailureReason.EMPTY),
        (with_choice(message={"content": []}), FailureReason.EMPTY),
        (with_choice(message=None), FailureReason.EMPTY),
        (with_choice(message={"content": None, "tool_calls": [{"id": "1"}]}, finish_reason="tool_calls"), FailureReason.EMPTY),
        (b"<html><body>Gateway</body></html>", FailureReason.UNPARSEABLE),
        (json.dumps(completion()).encode()[:-40], FailureReason.UNPARSEABLE),
        (json.dumps(completion()).encode() + b"}", FailureReason.UNPARSEABLE),
        (b"[]", FailureReason.UNPARSEABLE),
        (b"null", FailureReason.UNPARSEABLE),
        (b'"ready"', FailureReason.UNPARSEABLE),
        ({}, FailureReason.UNPARSEABLE),
        ({"choices": {}}, FailureReason.UNPARSEABLE),
        ({"choices": ["ready"]}, FailureReason.UNPARSEABLE),
        (with_choice(message="ready"), FailureReason.UNPARSEABLE),
        (with_choice(message={"content": 42}), FailureReason.UNPARSEABLE),
        (with_choice(message={"content": {"text": "ready"}}), FailureReason.UNPARSEABLE),
        (with_choice(message={"content": [{"type": "text", "text": 1}]}), FailureReason.UNPARSEABLE),
        (with_choice(message={"content": "ready", "refusal": ["no"]}), FailureReason.UNPARSEABLE),
        (b'{"choices": [{"message": {"content": "ready"}, "p": NaN}]}', FailureReason.UNPARSEABLE),
        (b'{"choices": [{"message": {"content": "\\ud83d"}, "p": NaN}]}', FailureReason.UNPARSEABLE),
        (json.dumps(completion("Gr\u00fc\u00dfe"), ensure_ascii=False).encode("latin-1"), FailureReason.UNPARSEABLE),
        (json.dumps(completion()).encode("utf-16"), FailureReason.UNPARSEABLE),
        (json.dumps(completion()).encode() + b"\x00", FailureReason.UNPARSEABLE),
        (b'{"choices": [{"message": {"content": "a\x00b"}}]}', FailureReason.UNPARSEABLE),
        (b'{"a":' * 100_000, FailureReason.UNPARSEABLE),
        (b'["\\ud83d",' + b"[" * 100_000, FailureReason.UNPARSEABLE),
        ({"error": {"message": "overloaded", "code": 17}}, FailureReason.PROVIDER_ERROR),
    ],
)
def test_rubbish_is_named_and_kept(content: Any, reason: FailureReason) -> None:
    """REL-18."""
    reply = judged(content)

    assert (reply.outcome, reply.reason, reply.text.strip()) == (Outcome.FAILED, reason, "")
    assert reply.detail.endswith((".", "overloaded"))


def test_an_answer_over_the_limit_keeps_its_beginning() -> None:
    reply = judged(b"a" * 5_000, truncated=True)

    assert (reply.outcome, reply.reason) == (Outcome.FAILED, FailureReason.TOO_LARGE)
    assert reply.body == '"' + "a" * 5_000 + '"'


def test_only_the_refusal_field_makes_a_refusal() -> None:
    refused = judged(with_choice(message={"content": None, "refusal": "I can't help with that."}))
    in_parts = judged(with_choice(message={"content": [{"type": "refusal", "refusal": "No."}]}))
    in_words = judged(completion("I'm sorry, but I can't help with that."))

    assert (refused.outcome, refused.refusal) == (Outcome.REFUSED, "I can't help with that.")
    assert (in_parts.outcome, in_parts.refusal) == (Outcome.REFUSED, "No.")
    assert in_words.outcome is Outcome.ANSWERED


@pytest.mark.parametrize("key", ["content_filter_result", "content_filter_results"])
@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_prompt_stopped_by_a_filter_is_an_outcome_with_its_categories(status: int, key: str) -> None:
    """REL-20."""
    results = {
        "hate": {"filtered": True, "severity": "high"},
        "self-harm": {"filtered": False, "severity": None},
        "selfHarm": {"filtered": True, "severity": 4},
        "jailbreak": {"filtered": False, "detected": True},
        "custom_blocklists": [{"id": "words", "filtered": True}],
    }
    error = {
        "message": "The response was filtered.",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", key: results},
    }

    reply = judged({"error": error}, status)

    assert (reply.outcome, reply.reason, reply.status) == (Outcome.INPUT_BLOCKED, None, status)
    assert reply.filters == {
        "prompt": {
            "hate": {"filtered": True, "severity": "high", "detected": None},
            "self_harm": {"filtered": True, "severity": "medium", "detected": None},
            "jailbreak": {"filtered": False, "severity": None, "detected": True},
            "custom_blocklists": {"filtered": True, "severity": None, "detected": True},
        }
    }


@pytest.mark.parametrize(
    "error",
    [
        {"code": "content_filter"},
        {"code": "content_policy_violation"},
        {"code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}},
        {"code": "400", "type": "content_filter"},
        {"code": "invalid_prompt", "message": "Your prompt was flagged as potentially violating our usage policy."},
    ],
)
def test_a_prompt_stop_is_known_by_any_of_its_codes(error: dict[str, Any]) -> None:
    assert judged({"error": error}, 400).outcome is Outcome.INPUT_BLOCKED
    assert judged({"error": error}, 200).outcome is Outcome.INPUT_BLOCKED
    assert judged(error, 400).outcome is Outcome.INPUT_BLOCKED


@pytest.mark.parametrize("message", [{"content": "half of"}, {"content": ""}, {}, None])
def test_an_answer_stopped_by_a_filter_is_an_outcome_with_its_categories(message: Any) -> None:
    """REL-20."""
    content = with_choice(message=message, finish_reason="content_filter", content_filter_results={"violence": {"filtered": True, "severity": "medium"}})
    content["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": {"violence": {"filtered": False, "severity": "low"}}}]

    reply = judged(content)

    assert reply.outcome is Outcome.OUTPUT_BLOCKED
    assert reply.filters["completion"]["violence"] == {"filtered": True, "severity": "medium", "detected": None}
    assert reply.filters["prompt"]["violence"]["severity"] == "low"


def test_results_of_newer_guardrails_are_read_too() -> None:
    content = completion()
    content["content_filters"] = [
        {"blocked": False, "source_type": "prompt", "content_filter_results": {"jailbreak": {"detected": False, "filtered": False}}},
        {"blocked": True, "source_type": "completion", "content_filter_results": {"protected_material_text": {"detected": True, "filtered": True}}},
    ]

    assert judged(content).filters == {
        "prompt": {"jailbreak": {"filtered": False, "severity": None, "detected": False}},
        "completion": {"protected_material_text": {"filtered": True, "severity": None, "detected": True}},
    }


@pytest.mark.parametrize(
    "rubbish", [None, 1, "x", [], [1], {"hate": 1}, {"hate": {"severity": True}}, {"hate": {"severity": "odd"}}, {"hate": {"severity": 99}}]
)
def test_filter_results_in_no_known_form_do_no_harm(rubbish: Any) -> None:
    content = {**completion(), "prompt_filter_results": rubbish, "content_filters": rubbish}
    content["choices"][0]["content_filter_results"] = rubbish

    assert judged(content).outcome is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (408, RetryKind.TIMEOUT),
        (429, RetryKind.RATE_LIMITED),
        (500, RetryKind.SERVER_ERROR),
        (502, RetryKind.SERVER_ERROR),
        (503, RetryKind.SERVER_ERROR),
        (504, RetryKind.SERVER_ERROR),
        (529, RetryKind.SERVER_ERROR),
    ],
)
@pytest.mark.parametrize("content", [b"", b"<html>", b'{"error": {"message": "busy", "code": "rate_limit_exceeded"}}', b'{"error": "busy"}', b"[1]"])
def test_a_passing_trouble_may_be_tried_again(status: int, kind: RetryKind, content: bytes) -> None:
    with pytest.raises(Retryable) as error:
        judged(content, status, retry_after="2")

    assert (error.value.kind, error.value.status, error.value.retry_after) == (kind, status, 2.0)
    assert error.value.detail


@pytest.mark.parametrize(
    ("status", "content", "cause"),
    [
        (401, b"", StopCause.UNAUTHORIZED),
        (403, b"<html>", StopCause.FORBIDDEN),
        (404, b'{"error": {"message": "no such model", "code": "DeploymentNotFound"}}', StopCause.NOT_FOUND),
        (402, b'{"error": {"message": "Insufficient Balance"}}', StopCause.QUOTA),
        (429, b'{"error": {"message": "You exceeded your current quota.", "type": "insufficient_quota"}}', StopCause.QUOTA),
        (429, b'{"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}', StopCause.QUOTA),
    ],
)
def test_what_a_person_has_to_settle_stops_the_run(status: int, content: bytes, cause: StopCause) -> None:
    """REL-19."""
    with pytest.raises(Stop) as stop:
        judged(content, status)

    assert (stop.value.cause, stop.value.status) == (cause, status)
    assert stop.value.detail


AZURE_RATE = (
    "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded {} rate limit of your current OpenAI S0 pricing "
    "tier. Please retry after 6 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."
)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, {"code": "insufficient_quota", "type": "insufficient_quota", "message": "You exceeded your current quota, please check your plan and billing."}),
        (429, {"code": "billing_hard_limit_reached", "message": "Billing hard limit has been reached"}),
        (400, {"code": "billing_hard_limit_reached", "message": "Billing hard limit has been reached"}),
        (429, {"code": "billing_not_active", "message": "Your account is not active."}),
        (429, {"code": "rate_limit_exceeded", "type": "requests", "message": "Rate limit reached for m on requests per day (RPD): Limit 200, Used 200."}),
        (429, {"code": "429", "message": "You exceeded your current quota."}),
        (429, {"code": "QuotaExceeded", "message": "The quota of the subscription is used up."}),
        (429, {"code": "429", "message": "The monthly token quota of this deployment is used up."}),
        (429, {"message": "The daily limit of requests was reached."}),
        (429, {"code": 429, "message": "Quota exceeded for the project."}),
    ],
)
def test_a_used_up_quota_is_told_from_a_rate_limit(status: int, error: dict[str, Any]) -> None:
    with pytest.raises(Stop) as stop:
        judged({"error": error}, status)

    assert stop.value.cause is StopCause.QUOTA


def test_a_gateways_own_quota_is_a_quota_whatever_its_status() -> None:
    with pytest.raises(Stop) as stop:
        judged({"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 02:12:30."}, 403)

    assert stop.value.cause is StopCause.QUOTA


@pytest.mark.parametrize(
    "content",
    [
        {"error": {"code": "rate_limit_exceeded", "type": "requests", "message": "Rate limit reached for m on requests per min (RPM): Limit 3, Used 3."}},
        {"error": {"code": "rate_limit_exceeded", "type": "tokens", "message": "Rate limit reached for m on tokens per min (TPM): Limit 10000."}},
        {"error": {"code": "429", "message": AZURE_RATE.format("call")}},
        {"error": {"code": "429", "message": AZURE_RATE.format("token")}},
        {"error": {"code": 429, "message": "Quota exceeded for quota metric requests per minute."}},
        {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 24 seconds."},
    ],
)
@pytest.mark.parametrize(("headers", "seconds"), [({"retry_after": "6"}, 6.0), ({"retry_after_ms": "5480", "retry_after": "6"}, 5.48)])
def test_a_limit_of_calls_or_tokens_passes_by_waiting(content: dict[str, Any], headers: dict[str, str], seconds: float) -> None:
    with pytest.raises(Retryable) as error:
        judged(content, 429, **headers)

    assert (error.value.kind, error.value.retry_after) == (RetryKind.RATE_LIMITED, seconds)


@pytest.mark.parametrize("count", [b"1" * 30, b"-1", b"1.5", b'"many"', b"true", b"null"])
def test_a_token_count_that_no_column_takes_is_unknown(count: bytes) -> None:
    reply = judged(b'{"choices": [{"message": {"content": "ready"}}], "usage": {"prompt_tokens": ' + count + b"}}")

    assert (reply.outcome, reply.prompt_tokens) == (Outcome.ANSWERED, None)


def test_a_used_up_quota_is_told_in_a_sentence_with_the_providers_words() -> None:
    with pytest.raises(Stop) as stop:
        judged(b'{"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}', 429)

    assert stop.value.detail == "The quota behind this key is used up. It said: You exceeded your current quota."


@pytest.mark.parametrize("status", [300, 302, 304, 400, 405, 409, 413, 415, 422, 451])
def test_any_other_status_is_an_outcome(status: int) -> None:
    reply = judged({"error": {"message": "bad\nparameter", "code": "x"}}, status)

    assert (reply.outcome, reply.reason, reply.status) == (Outcome.FAILED, FailureReason.PROVIDER_ERROR, status)
    assert ("bad parameter" in reply.detail) == (status >= 400)


def test_a_server_error_over_the_limit_may_still_be_tried_again() -> None:
    with pytest.raises(Retryable):
        judged(b"a" * 1_000_000, 500, truncated=True)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("2", 2.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("86400", 86_400.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("\uff12", None),
        ("9" * 400, None),
        ("Wed, 99 Foo 2099 25:61:61 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None),
        ("0x10", None),
    ],
)
def test_retry_after_is_understood_or_ignored(asked: str, seconds: float | None) -> None:
    """REL-14."""
    assert retry_after.seconds_to_wait({"retry-after": asked}) == seconds


def test_retry_after_as_a_date_counts_from_the_endpoints_own_clock() -> None:
    """REL-14: a date without and with the endpoint's clock, which runs an hour behind ours."""
    ours = retry_after.seconds_to_wait({"retry-after": formatdate(time.time() + 30, usegmt=True)})
    theirs = retry_after.seconds_to_wait({"retry-after": formatdate(time.time() - 3570, usegmt=True), "date": formatdate(time.time() - 3600, usegmt=True)})

    assert ours == pytest.approx(30, abs=2)
    assert theirs == pytest.approx(30, abs=2)


def test_milliseconds_go_before_seconds() -> None:
    assert retry_after.seconds_to_wait({"retry-after-ms": "250", "retry-after": "1"}) == 0.25
    assert retry_after.seconds_to_wait({"retry-after-ms": "-1", "retry-after": "1"}) == 1.0


@given(st.text(alphabet=st.characters(exclude_categories=()) | st.sampled_from("\x00\u241b\ud800\udfff"), max_size=200))
def test_escaped_text_is_storable_and_comes_back_as_it_was(text: str) -> None:
    escaped = storable(text)

    assert restored(escaped) == text
    assert "\x00" not in escaped
    escaped.encode("utf-8")


def test_ordinary_text_is_not_touched() -> None:
    for text in ("", "plain", "Gr\u00fc\u00dfe \U0001f600 \u2028 \ufeff"):
        assert storable(text) is text or storable(text) == text


def _content_of(body: str) -> bytes:
    """The bytes that a stored body stands for."""
    value = json.loads(body)
    return restored(value).encode("utf-8", "surrogateescape") if isinstance(value, str) else body.encode()


@given(st.binary(max_size=200))
def test_any_body_is_kept_without_loss(content: bytes) -> None:
    _, body = json_body.parse(content)

    assert body == "" if not content else _content_of(body) == content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(completion("\u241b \U0001f600")).encode(),
        NUL_ANSWER,
        CUT_EMOJI_ANSWER,
        MARKED_ANSWER,
        DOUBLED_ANSWER,
        b'{"a": 1e-99999}',
        b'{"a": 1E-9999, "b": 1e308}',
        b'{"a": 0.' + b"0" * 20_000 + b"1}",
        b'{"a": ' + b"1" * 300 + b"}",
        b'{"a": ' + b'{"a": ' * 1_000 + b"1" + b"}" * 1_001,
        b'{"\\u0000": 1}',
        b'{"a": "\\\\u0000"}',
        b"\x00\xff<html>",
        b'{"a": NaN}',
        b"[1, 2]",
        b'"text"',
        bytes(range(256)),
    ],
)
def test_every_stored_body_casts_to_jsonb(content: bytes) -> None:
    _, body = json_body.parse(content)

    with connection.cursor() as cursor:
        cursor.execute("select %s::text::jsonb is not null, %s::text", [body, body])
        assert cursor.fetchone() == (True, body)
    assert _content_of(body) == content
