import asyncio
import socket
import time

import orjson
import pytest

from raiportal.sandbox.log import Call
from raiportal.sandbox.protocol import BODY_LIMIT_BYTES, HEAD_LIMIT_BYTES, Hooks, Reply, SimulatorProtocol

from .process import RunningSimulator, chat_body, received

pytestmark = pytest.mark.processes

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"


def post(text: str, extra: bytes = b"") -> bytes:
    body = orjson.dumps(chat_body(text))
    return b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n%scontent-length: %d\r\n\r\n%s" % (extra, len(body), body)


def exchange(simulator: RunningSimulator, *parts: bytes, pause: float = 0.0) -> bytes:
    with simulator.connection() as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        return received(connection)


def statuses(answer: bytes) -> list[bytes]:
    return [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]


def test_pipelined_requests_are_answered_in_turn(simulator: RunningSimulator) -> None:
    slow, quick = post("[[simulate:latency ms=150]][[simulate:harmful]]"), post("[[simulate:refused]]", b"connection: close\r\n")

    answer = exchange(simulator, slow + HEALTH + quick)

    assert statuses(answer) == [b"200", b"200", b"200"]
    assert answer.index(b"Here is how to do it") < answer.index(b'"status":"ok"') < answer.index(b"I can't help with that")
    assert simulator.log()["peak_in_flight"] == 1


def test_many_pipelined_requests_are_all_answered(simulator: RunningSimulator) -> None:
    requests = b"".join(post(f"[[simulate:latency ms=1]] {number}") for number in range(300)) + HEALTH.replace(b"host", b"connection: close\r\nhost")

    assert len(statuses(exchange(simulator, requests))) == 301
    assert simulator.log()["answers_completed"] == 300


def test_a_connection_serves_many_requests(simulator: RunningSimulator) -> None:
    with simulator.connection() as connection:
        for number in range(5):
            connection.sendall(post(str(number)))
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_a_request_may_arrive_byte_by_byte(simulator: RunningSimulator) -> None:
    request = post("slowly", b"connection: close\r\n")

    assert statuses(exchange(simulator, *(request[at : at + 1] for at in range(len(request))))) == [b"200"]


def test_a_chunked_body_is_read(simulator: RunningSimulator) -> None:
    body = orjson.dumps(chat_body("[[simulate:refused]]"))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at : at + 20]), body[at : at + 20]) for at in range(0, len(body), 20))

    answer = exchange(simulator, b"POST /v1/chat/completions HTTP/1.1\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n", chunks, b"0\r\n\r\n")

    assert b"I can't help with that" in answer


def test_expect_continue_is_told_to_go_on(simulator: RunningSimulator) -> None:
    head, _, body = post("a", b"expect: 100-continue\r\nconnection: close\r\n").partition(b"\r\n\r\n")

    assert statuses(exchange(simulator, head + b"\r\n\r\n", body, pause=0.1)) == [b"100", b"200"]


def test_http_1_0_is_answered_and_closed(simulator: RunningSimulator) -> None:
    answer = exchange(simulator, b"GET /healthz HTTP/1.0\r\n\r\n")

    assert b"connection: close" in answer
    assert answer.endswith(b'{"status":"ok","name":"simulator"}')


def test_head_has_the_length_but_not_the_body(simulator: RunningSimulator) -> None:
    answer = simulator.client.head("/healthz")

    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "34", b"")


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00", b"hello\r\n\r\n", b"\0" * 100, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
def test_garbage_gets_400_and_the_connection_closes(simulator: RunningSimulator, garbage: bytes) -> None:
    assert statuses(exchange(simulator, garbage)) == [b"400"]
    assert simulator.client.get("/healthz").status_code == 200


def test_garbage_after_a_request_leaves_its_answer_whole(simulator: RunningSimulator) -> None:
    answer = exchange(simulator, post("[[simulate:latency ms=100]]"), b"\0\0\0", pause=0.02)

    assert statuses(answer) == [b"200"]
    assert orjson.loads(answer.partition(b"\r\n\r\n")[2])["object"] == "chat.completion"


@pytest.mark.parametrize("framing", [b"content-length: %d\r\n\r\n" % (BODY_LIMIT_BYTES + 1), b"transfer-encoding: chunked\r\n\r\n600000\r\n"])
def test_a_body_over_the_limit_gets_413(simulator: RunningSimulator, framing: bytes) -> None:
    answer = exchange(simulator, b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n" + framing, b"x" * (BODY_LIMIT_BYTES + 1))

    assert statuses(answer) == [b"413"]
    assert orjson.loads(answer.partition(b"\r\n\r\n")[2])["error"]["type"] == "invalid_request_error"


def test_a_body_at_the_limit_is_read(simulator: RunningSimulator) -> None:
    rest = BODY_LIMIT_BYTES - len(orjson.dumps(chat_body("")))

    assert simulator.chat("x" * rest).status_code == 200


def test_headers_over_the_limit_get_431(simulator: RunningSimulator) -> None:
    assert statuses(exchange(simulator, b"GET /healthz HTTP/1.1\r\nx: " + b"y" * (HEAD_LIMIT_BYTES + 1) + b"\r\n\r\n")) == [b"431"]


def test_a_request_cut_short_leaves_nothing_behind(simulator: RunningSimulator) -> None:
    with simulator.connection() as connection:
        connection.sendall(post("half")[:-5])
        connection.shutdown(socket.SHUT_WR)
        assert received(connection) == b""

    assert simulator.log() == simulator.log() | {"calls": 0, "in_flight": 0}


def test_a_call_ends_when_the_last_byte_has_gone_to_the_socket() -> None:
    ended: list[str] = []
    call = Call(1, 0.0, "prompt", "model", "", 1, 0)
    reply = Reply([(0.0, b"x" * 40_000)], "200", call=call, completed=True)

    async def ends_before_and_after_reading() -> tuple[list[str], list[str]]:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        hooks = Hooks(lambda request: reply, lambda call, status, completed: ended.append(status))
        await loop.connect_accepted_socket(lambda: SimulatorProtocol(hooks, loop), near)
        reader, writer = await asyncio.open_connection(sock=far, limit=1_000)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(HEALTH)
        await asyncio.sleep(0.1)
        before = list(ended)
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        await reader.readexactly(40_000)
        await asyncio.sleep(0.1)
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.1)
        return before, list(ended)

    assert asyncio.run(ends_before_and_after_reading()) == ([], ["200"])
