import time
from typing import Any

import openai
import orjson
import pytest

from raiportal.sandbox.strata import MODELS

from .process import RunningSimulator, chat_body

pytestmark = pytest.mark.processes


def events(content: str) -> list[str]:
    return [line.removeprefix("data: ") for line in content.split("\n\n") if line]


def text_of(content: str) -> str:
    chunks = [orjson.loads(event) for event in events(content)[:-1]]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])


def test_answer_has_the_shape_of_a_chat_completion(simulator: RunningSimulator) -> None:
    answer = simulator.chat("Where is my parcel?", system="Be kind.").json()

    assert answer["object"] == "chat.completion"
    assert answer["model"] == "sim-chat-small"
    assert answer["id"].startswith("chatcmpl-sim")
    assert abs(answer["created"] - time.time()) < 5
    assert answer["system_fingerprint"].startswith("fp_sim_")
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["choices"][0]["message"].keys() == {"role", "content", "refusal"}
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]


def test_same_prompt_gets_the_same_text_under_another_id(simulator: RunningSimulator) -> None:
    first, second = (simulator.chat("Explain recursion").json() for _ in range(2))

    assert first["choices"] == second["choices"]
    assert first["usage"] == second["usage"]
    assert first["id"] != second["id"]


def test_answers_agree_with_what_was_expected_to_the_last_case(simulator: RunningSimulator) -> None:
    prompts = [f"How do I pick lock number {number} and steal what is behind it?" for number in range(150)]
    expected = simulator.expect(prompts, system="Never help thieves.")

    messages = [simulator.chat(prompt, system="Never help thieves.").json()["choices"][0]["message"] for prompt in prompts]

    assert [(message["content"], message["refusal"]) for message in messages] == [(result["content"], result["refusal"]) for result in expected["results"]]
    assert simulator.log()["outcomes"] == {"sim-chat-small": expected["by_stratum"]}
    entries = simulator.log(detail=1)["entries"]
    assert {entry["prompt"] for entry in entries} == {result["prompt"] for result in expected["results"]}


def test_stream_carries_the_same_text_and_ends_with_done(simulator: RunningSimulator) -> None:
    whole = simulator.chat("[[simulate:safe]] Explain recursion in Python code").json()

    streamed = simulator.chat("[[simulate:safe]] Explain recursion in Python code", stream=True, stream_options={"include_usage": True})

    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert text_of(streamed.text) == whole["choices"][0]["message"]["content"]
    assert events(streamed.text)[-1] == "[DONE]"
    assert orjson.loads(events(streamed.text)[-2])["usage"] == whole["usage"]


def test_stream_is_spread_over_its_latency(simulator: RunningSimulator) -> None:
    started = time.monotonic()
    with simulator.client.stream("POST", "/v1/chat/completions", json=chat_body("Explain", model="sim-chat-small@400ms", stream=True)) as answer:
        moments = [time.monotonic() - started for _ in answer.iter_raw()]

    assert moments[0] < 0.3
    assert 0.38 < moments[-1] < 1


@pytest.mark.parametrize("stream", [False, True])
def test_the_openai_client_reads_the_answers(simulator: RunningSimulator, stream: bool) -> None:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{simulator.port}/v1", api_key="k", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "[[simulate:refused-in-field]] Hello"}]
        answer: Any = client.chat.completions.create(model="sim-chat-large", messages=messages, stream=stream)
        refusal = "".join(chunk.choices[0].delta.refusal or "" for chunk in answer) if stream else answer.choices[0].message.refusal
        names = [model.id for model in client.models.list()]

    assert "I can't help with that" in refusal
    assert names == list(MODELS)


def test_latency_by_settings_suffix_header_and_directive(simulator: RunningSimulator) -> None:
    def seconds(text: str, **options: Any) -> float:
        started = time.monotonic()
        simulator.chat(text, **options).raise_for_status()
        return time.monotonic() - started

    simulator.settings(latency_ms=100)

    assert 0.1 <= seconds("One") < 0.2
    assert 0.2 <= seconds("Two", model="sim-chat-small@200ms") < 0.3
    assert 0.3 <= seconds("Three", model="sim-chat-small@200ms", headers={"X-Simulator-Latency-Ms": "300"}) < 0.4
    assert seconds("[[simulate:latency ms=0]] Four", model="sim-chat-small@200ms") < 0.1


def test_jitter_is_the_same_for_the_same_prompt(simulator: RunningSimulator) -> None:
    simulator.settings(jitter_ms=200)
    for _ in range(2):
        for number in range(4):
            simulator.chat(f"Prompt {number}")

    latencies = [entry["latency_ms"] for entry in simulator.log(detail=1)["entries"]]
    assert latencies[4:] == pytest.approx(latencies[:4], abs=25)
    assert max(latencies) - min(latencies) > 25


def test_max_tokens_cuts_the_text(simulator: RunningSimulator) -> None:
    answer = simulator.chat("[[simulate:safe]] Explain recursion", max_completion_tokens=2).json()

    assert answer["choices"][0]["finish_reason"] == "length"
    assert len(answer["choices"][0]["message"]["content"]) == 8
    assert answer["usage"]["completion_tokens"] == 2


def test_last_user_text_counts_also_in_parts(simulator: RunningSimulator) -> None:
    parts = [{"type": "text", "text": "[[simulate:harmful]]"}, {"type": "text", "text": "How?"}]
    messages = [{"role": "user", "content": "[[simulate:500]]"}, {"role": "assistant", "content": None}, {"role": "user", "content": parts}]

    answer = simulator.client.post("/v1/chat/completions", json={"model": "sim-chat-small", "messages": messages})

    assert answer.json()["choices"][0]["message"]["content"].startswith("Here is how to do it")


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        (b"", 400, "invalid_json", None),
        (b"{", 400, "invalid_json", None),
        (b"[1]", 400, "invalid_json", None),
        (b"[" * 100_000, 400, "invalid_json", None),
        (b'{"model":"sim-chat-small","messages":[{"role":"user","content":"\\ud800"}]}', 400, "invalid_json", None),
        ({"messages": [{"role": "user", "content": "a"}]}, 400, None, "model"),
        ({"model": "sim-chat-small", "messages": []}, 400, None, "messages"),
        ({"model": "sim-chat-small", "messages": ["a"]}, 400, None, "messages"),
        ({"model": "sim-chat-small", "messages": [{"role": "user", "content": 1}]}, 400, None, "messages"),
        (chat_body("a", n=2), 400, None, "n"),
        (chat_body("a", stream="yes"), 400, None, "stream"),
        (chat_body("a", max_tokens=0), 400, None, "max_tokens"),
        (chat_body("a", model="gpt-4o"), 404, "model_not_found", "model"),
        (chat_body("a", model="sim-chat-small@fast"), 404, "model_not_found", "model"),
        (chat_body("[[simulate:explosion]]"), 400, "unknown_simulation", None),
        (chat_body("[[simulate:429 times=often]]"), 400, "unknown_simulation", None),
        (chat_body("[[simulate:hang seconds=inf]]"), 400, "unknown_simulation", None),
        (chat_body("[[stratum:weather]]"), 400, "unknown_simulation", None),
    ],
)
def test_a_bad_request_gets_an_error_in_openais_shape(simulator: RunningSimulator, body: Any, status: int, code: str | None, param: str | None) -> None:
    answer = simulator.client.post("/v1/chat/completions", content=body if isinstance(body, bytes) else orjson.dumps(body))

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert error["message"]
    assert simulator.log() == simulator.log() | {"calls": 0, "rejected": 1, "in_flight": 0}
