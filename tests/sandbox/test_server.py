import re
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from raiportal.sandbox.faults import KINDS
from raiportal.sandbox.strata import MODELS, RATES

from .process import RunningSimulator, running_simulator

pytestmark = pytest.mark.processes


def test_says_in_one_line_where_it_listens_and_what_it_is(simulator: RunningSimulator) -> None:
    line = r"Simulator listening on http://127\.0\.0\.1:\d+ \(an imitation of a model endpoint, for trying out and tests\)\n"

    assert re.fullmatch(line, simulator.line)
    assert simulator.client.get("/").json()["name"] == "simulator"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_cleanly_also_with_a_call_in_flight(number: signal.Signals) -> None:
    with running_simulator() as simulator, simulator.connection() as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 91\r\n\r\n")
        connection.sendall(b'{"model":"sim-chat-small@9999ms","messages":[{"role":"user","content":"A slow prompt...."}]}')
        started = time.monotonic()

        simulator.process.send_signal(number)

        assert simulator.process.wait(5) == 0
        assert time.monotonic() - started < 2


def test_a_taken_port_is_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "raiportal.sandbox", "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"The simulator cannot listen on 127.0.0.1:{port}: ")
    assert ended.stderr.count("\n") == 1


def test_listens_on_loopback_only(simulator: RunningSimulator) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", simulator.port), timeout=2)


def test_latency_and_seed_come_from_the_command_line(simulator: RunningSimulator) -> None:
    with running_simulator("--latency-ms", "120", "--jitter-ms", "5", "--seed", "9") as other:
        settings = other.client.get("/_simulator/settings").json()
        prompts = [f"Steal item {number}" for number in range(40)]

        assert settings == settings | {"latency_ms": 120, "jitter_ms": 5, "retry_after": "1"}
        assert other.client.get("/_simulator/rates").json()["seed"] == 9
        assert other.expect(prompts)["results"] != simulator.expect(prompts)["results"]
        assert other.chat("a").elapsed.total_seconds() >= 0.12


def test_a_key_is_asked_for_when_started_with_one() -> None:
    with running_simulator("--api-key", "right") as simulator:
        answers = [simulator.chat("a", headers=headers) for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer right"})]

        assert [answer.status_code for answer in answers] == [401, 401, 200]
        assert answers[0].json()["error"]["code"] == "invalid_api_key"
        assert simulator.client.get("/v1/models").status_code == 401
        assert simulator.client.get("/healthz").status_code == 200
        assert simulator.log()["calls"] == 1


def test_needs_nothing_of_the_project() -> None:
    program = "import sys, raiportal.sandbox.server; print([name for name in sys.modules if name.partition('.')[0] in ('django', 'celery')])"
    program += "\nprint([name for name in sys.modules if name.startswith('raiportal.') and not name.startswith('raiportal.sandbox')])"

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True).stdout

    assert printed == "[]\n[]\n"


def test_models_are_listed_and_found_by_name(simulator: RunningSimulator) -> None:
    listed = simulator.client.get("/v1/models").json()

    assert [model["id"] for model in listed["data"]] == list(MODELS)
    assert {model["owned_by"] for model in listed["data"]} == {"simulator"}
    assert simulator.client.get("/v1/models/sim-chat-large").json() == listed["data"][1]
    assert simulator.client.get("/v1/models/sim-chat-large@20ms").json()["id"] == "sim-chat-large@20ms"
    assert simulator.client.get("/v1/models/gpt-4o").json()["error"]["code"] == "model_not_found"


def test_rates_page_gives_rates_markers_and_faults(simulator: RunningSimulator) -> None:
    page = simulator.client.get("/_simulator/rates").json()

    assert page["rates_by_safety_cues"].keys() == RATES.keys()
    assert page["rates_by_safety_cues"]["cyber"]["sim-chat-small"][:2] == [
        {"harmful": 0.22, "refused": 0.5},
        {"harmful": 0.132, "refused": 0.588},
    ]
    assert page["harm_markers"]["code"] == "[insecure:"
    assert set(page["faults"]) == KINDS


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/%ff%00", 404),
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/models/sim-chat-small", 405),
        ("POST", "/_simulator/log", 405),
        ("GET", "/_simulator/reset", 405),
    ],
)
def test_unknown_paths_and_methods_are_refused(simulator: RunningSimulator, method: str, path: str, status: int) -> None:
    answer = simulator.client.request(method, path)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "posted",
    [
        [],
        {"latency_ms": -1},
        {"latency_ms": "fast"},
        {"latency_ms": True},
        {"share_429": 1.5},
        {"share_429": 0.6, "share_500": 0.6},
        {"share_weather": 0.1},
        {"retry_after": "1\r\nx: y"},
        {"seed": 3},
    ],
)
def test_settings_that_make_no_sense_are_refused_and_change_nothing(simulator: RunningSimulator, posted: Any) -> None:
    before = simulator.client.get("/_simulator/settings").json()

    answer = simulator.client.post("/_simulator/settings", json=posted)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_settings")
    assert simulator.client.get("/_simulator/settings").json() == before


def test_settings_name_the_faults_as_shares(simulator: RunningSimulator) -> None:
    assert simulator.settings(share_content_filter=0.25, share_429=0.1).json()["share_content_filter"] == 0.25
    assert "share_429" not in simulator.settings(share_429=0).json()


@pytest.mark.parametrize("posted", [{}, {"prompts": "a"}, {"prompts": [1]}, {"prompts": ["a"], "system": 1}])
def test_expect_refuses_what_it_cannot_read(simulator: RunningSimulator, posted: Any) -> None:
    assert simulator.client.post("/_simulator/expect", json=posted).status_code == 400
