import errno
import socket
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import orjson
import pytest

from raiportal.sandbox import faults
from raiportal.sandbox.directives import directives_in
from raiportal.sandbox.faults import STATUSES, Fault, fault_for

from .process import RunningSimulator, chat_body, eventually, received

pytestmark = pytest.mark.processes


def raw_request(text: str) -> bytes:
    body = orjson.dumps(chat_body(text))
    return b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def message(response: httpx2.Response) -> Any:
    return response.json()["choices"][0]["message"]


@pytest.mark.parametrize("kind", STATUSES)
def test_status_fault_answers_with_its_status_and_code(simulator: RunningSimulator, kind: str) -> None:
    answer = simulator.chat(f"[[simulate:{kind}]]")

    status, error_type, code, _ = STATUSES[kind]
    assert answer.status_code == status
    assert (answer.json()["error"]["type"], answer.json()["error"]["code"]) == (error_type, code)
    assert simulator.log()["answers_completed"] == 0


@pytest.mark.parametrize(
    ("asked", "header"),
    [
        ("", "1"),
        (" retry-after=2", "2"),
        (" retry-after=none", None),
        (" retry-after=-5", "-5"),
        (" retry-after=soon", "soon"),
        (" retry-after=86400", "86400"),
        (" retry-after=0.5", "0.5"),
    ],
)
def test_retry_after_goes_out_as_it_was_asked_for(simulator: RunningSimulator, asked: str, header: str | None) -> None:
    assert simulator.chat(f"[[simulate:429{asked}]]").headers.get("retry-after") == header


def test_retry_after_may_be_a_date(simulator: RunningSimulator) -> None:
    moment = parsedate_to_datetime(simulator.chat("[[simulate:429 retry-after=date:30]]").headers["retry-after"])

    assert 28 <= moment.timestamp() - time.time() <= 30


def test_times_bounds_the_attempts_and_directives_come_one_after_the_other(simulator: RunningSimulator) -> None:
    text = "[[simulate:500 times=2]] [[simulate:429 retry-after=0 times=1]] Hello"

    assert [simulator.chat(text).status_code for _ in range(5)] == [500, 500, 429, 200, 200]


def test_shares_hit_their_part_of_the_calls_and_a_retry_can_succeed(simulator: RunningSimulator) -> None:
    simulator.settings(share_429=0.2, share_500=0.3)
    first = {f"Prompt {number}": simulator.chat(f"Prompt {number}").status_code for number in range(300)}

    again = [simulator.chat(text).status_code for text, status in first.items() if status == 500]

    statuses = list(first.values())
    assert statuses.count(429) / 300 == pytest.approx(0.2, abs=0.08)
    assert statuses.count(500) / 300 == pytest.approx(0.3, abs=0.08)
    assert 0 < again.count(200) < len(again)


def test_the_same_shares_hit_the_same_attempts() -> None:
    shares = {"429": 0.25, "503": 0.25}

    drawn = [fault_for([], f"prompt {number}", attempt, shares, 1) for number in range(100) for attempt in (1, 2)]

    assert drawn == [fault_for([], f"prompt {number}", attempt, shares, 1) for number in range(100) for attempt in (1, 2)]
    assert {fault.kind if fault else None for fault in drawn} == {"429", "503", None}


def test_directives_come_before_shares() -> None:
    directives = directives_in("[[simulate:404 times=1]]")

    assert fault_for(directives, "p", 1, {"500": 1.0}, 1) == Fault("404", {"times": "1"})
    assert fault_for(directives, "p", 2, {"500": 1.0}, 1) == Fault("500")


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("close", httpx2.RemoteProtocolError, "close"),
        ("reset", httpx2.ReadError, "reset"),
        ("reset-body", httpx2.ReadError, "reset-body"),
        ("close-body", httpx2.RemoteProtocolError, "close-body"),
        ("hang seconds=0.1", httpx2.RemoteProtocolError, "hang"),
        ("hang-body seconds=0.1", httpx2.RemoteProtocolError, "hang-body"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_connection_fault_breaks_the_connection(simulator: RunningSimulator, kind: str, error: type[Exception], status: str, stream: bool) -> None:
    with pytest.raises(error):
        simulator.chat(f"[[simulate:{kind}]]", stream=stream)

    log = simulator.log()
    assert log["statuses"] == {status: 1}
    assert (log["answers_completed"], log["in_flight"]) == (0, 0)


@pytest.mark.parametrize(("kind", "share_sent"), [("hang", 0.0), ("hang-body", 0.5)])
def test_hang_holds_the_call_until_the_client_goes(simulator: RunningSimulator, kind: str, share_sent: float) -> None:
    whole = len(simulator.chat("Hello").content)
    with simulator.connection() as connection:
        connection.sendall(raw_request(f"[[simulate:{kind}]] Hello"))
        time.sleep(0.3)
        connection.setblocking(False)
        sent = connection.recv(65_536) if share_sent else b""
        assert len(sent.partition(b"\r\n\r\n")[2]) == pytest.approx(whole * share_sent, abs=whole * 0.2)
        with pytest.raises(BlockingIOError):
            connection.recv(65_536)
        assert simulator.log()["in_flight"] == 1

    assert eventually(lambda: simulator.log()["in_flight"] == 0)
    assert simulator.log()["statuses"] == {"200": 1, "abandoned": 1}


def test_drip_gives_the_right_answer_byte_by_byte(simulator: RunningSimulator) -> None:
    text = "[[simulate:drip seconds=0.001]] [[simulate:refused]] Hello"

    answer = simulator.chat(text)

    assert message(answer)["content"] == simulator.expect([text])["results"][0]["content"]
    assert simulator.log(detail=1)["entries"][0]["latency_ms"] > len(answer.content)
    assert simulator.log()["answers_completed"] == 1


def test_drip_lasts_a_second_a_byte_unless_told_otherwise(simulator: RunningSimulator) -> None:
    with simulator.connection() as connection:
        connection.sendall(raw_request("[[simulate:drip]]"))
        time.sleep(1.5)
        body = connection.recv(65_536).partition(b"\r\n\r\n")[2]

    assert len(body) == 1


def test_body_faults_send_what_they_say(simulator: RunningSimulator) -> None:
    def answer(kind: str) -> httpx2.Response:
        return simulator.chat(f"[[simulate:{kind}]][[stratum:general]] Hello")

    assert answer("html").headers["content-type"].startswith("text/html")
    assert answer("empty").content == b""
    assert answer("no-choices").json()["choices"] == []
    assert answer("wrong-type").json()["choices"] == "one"
    assert message(answer("null-content")) == {"role": "assistant", "content": None, "refusal": None}
    assert message(answer("tool-call"))["tool_calls"][0]["type"] == "function"
    assert answer("unknown-finish").json()["choices"][0]["finish_reason"] == "simulated_unknown"
    assert message(answer("nul"))["content"].startswith("\0 ")
    assert message(answer("lone-surrogate"))["content"].startswith("\ud83d ")
    assert answer("bom").content.startswith(b"\xef\xbb\xbf{")
    assert answer("duplicate-keys").content.count(b'"choices":[') == 2
    assert b":NaN" in answer("nan").content
    assert b"caf\xe9" in answer("wrong-charset").content


def test_cut_json_ends_in_the_middle_of_a_whole_response(simulator: RunningSimulator) -> None:
    answer = simulator.chat("[[simulate:cut-json]]")

    assert answer.status_code == 200
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.content)


def test_content_filter_comes_in_azures_two_shapes(simulator: RunningSimulator) -> None:
    prompt, completion = simulator.chat("[[simulate:content-filter-prompt]]"), simulator.chat("[[simulate:content-filter]]").json()

    assert prompt.status_code == 400
    assert prompt.json()["error"]["code"] == "content_filter"
    assert prompt.json()["error"]["innererror"]["content_filter_result"]["violence"] == {"filtered": True, "severity": "high"}
    assert completion["choices"][0]["finish_reason"] == "content_filter"
    assert completion["choices"][0]["content_filter_results"]["violence"]["filtered"] is True


def test_huge_body_has_the_size_it_was_asked_for(simulator: RunningSimulator) -> None:
    content = message(simulator.chat("[[simulate:huge-body bytes=3000001]]"))["content"]

    assert len(content) == 3_000_001


def test_a_client_that_stops_reading_keeps_the_call_in_flight(simulator: RunningSimulator) -> None:
    with simulator.connection() as connection:
        connection.sendall(raw_request("[[simulate:huge-body]]"))
        connection.recv(1_000)
        time.sleep(0.2)
        assert simulator.log()["in_flight"] == 1

    assert eventually(lambda: simulator.log()["statuses"] == {"abandoned": 1})


def test_gzip_bomb_unpacks_to_far_more_than_it_sends(simulator: RunningSimulator) -> None:
    with simulator.client.stream("POST", "/v1/chat/completions", json=chat_body("[[simulate:gzip-bomb bytes=5000000]]")) as answer:
        sent = sum(len(part) for part in answer.iter_raw())
    whole = simulator.chat("[[simulate:gzip-bomb bytes=5000000]]")

    assert sent < 20_000
    assert len(whole.content) > 5_000_000
    assert whole.json()["object"] == "chat.completion"


def test_every_kind_of_fault_can_be_asked_for_without_stopping_the_simulator(simulator: RunningSimulator) -> None:
    broken: dict[str, int | None] = {}
    for kind in sorted(faults.KINDS):
        with simulator.connection() as connection:
            connection.sendall(raw_request(f"[[simulate:{kind} seconds=0 bytes=1000]]"))
            try:
                connection.shutdown(socket.SHUT_WR)
                received(connection)
            except OSError as error:  # broken off while we read, or before we had said that nothing more comes
                broken[kind] = error.errno

    assert all(kind.startswith("reset") for kind in broken)
    assert set(broken.values()) <= {errno.ECONNRESET, errno.ENOTCONN}
    assert simulator.chat("Hello").status_code == 200
    assert simulator.log()["calls"] == len(faults.KINDS) + 1
