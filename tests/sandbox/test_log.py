import threading
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import httpx2
import pytest

from raiportal.sandbox.log import CallLog

from .process import RunningSimulator, eventually

pytestmark = pytest.mark.processes


def test_repeats_and_answers_paid_twice_are_counted_apart(simulator: RunningSimulator) -> None:
    for text in ("once", "[[simulate:500 times=1]] retried", "[[simulate:500 times=1]] retried", "twice", "twice", "twice"):
        simulator.chat(text)

    log = simulator.log()
    assert (log["calls"], log["distinct_prompts"], log["prompts_answered"]) == (6, 3, 3)
    assert (log["repeated_prompts"], log["repeated_calls"]) == (2, 3)
    assert sorted(log["repeated"].values()) == [2, 3]
    assert log["answers_paid_twice"] == 1
    assert log["answers_completed"] == 5
    assert log["statuses"] == {"200": 5, "500": 1}


def test_model_system_prompt_and_seed_make_a_prompt_another_one(simulator: RunningSimulator) -> None:
    simulator.chat("a")
    simulator.chat("a", model="sim-chat-small@1ms")
    simulator.chat("a", model="sim-chat-large")
    simulator.chat("a", system="b")
    simulator.chat("a", seed=2)

    assert simulator.log()["distinct_prompts"] == 4


def test_peak_is_the_number_of_calls_at_once(simulator: RunningSimulator) -> None:
    simulator.settings(latency_ms=300)
    with ThreadPoolExecutor(12) as threads:
        futures = [threads.submit(simulator.chat, f"p{number}", model=f"sim-chat-{'small' if number < 8 else 'large'}") for number in range(12)]
        assert eventually(lambda: simulator.client.get("/_simulator/inflight").json()["in_flight"] == 12)
        assert all(future.result().status_code == 200 for future in futures)

    log = simulator.log()
    assert (log["in_flight"], log["peak_in_flight"]) == (0, 12)
    assert log["peak_in_flight_by_model"] == {"sim-chat-small": 8, "sim-chat-large": 4}
    assert 6 <= log["peak_calls_per_second"] <= 12


def test_a_call_given_up_by_the_client_is_abandoned_and_not_answered(simulator: RunningSimulator) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        simulator.client.post("/v1/chat/completions", json={"model": "sim-chat-small@5000ms", "messages": [{"role": "user", "content": "a"}]}, timeout=0.1)

    assert eventually(lambda: simulator.log()["abandoned"] == 1)
    assert simulator.log() == simulator.log() | {"answers_completed": 0, "in_flight": 0, "outcomes": {}}


def test_retry_after_undercut_counts_only_those_who_come_too_early(simulator: RunningSimulator) -> None:
    early, patient = "[[simulate:429 retry-after=30 times=1]] early", "[[simulate:429 retry-after=0.2 times=1]] patient"
    for text in (early, patient):
        simulator.chat(text)
    time.sleep(0.25)

    simulator.chat(patient)
    assert simulator.log()["retry_after_undercut"] == 0
    simulator.chat(early)
    assert simulator.log()["retry_after_undercut"] == 1


def test_retry_after_as_a_date_can_be_undercut_too(simulator: RunningSimulator) -> None:
    for _ in range(2):
        simulator.chat("[[simulate:429 retry-after=date:30 times=1]]")

    assert simulator.log()["retry_after_undercut"] == 1


@pytest.mark.parametrize("value", ["none", "-5", "soon"])
def test_a_retry_after_that_says_nothing_cannot_be_undercut(simulator: RunningSimulator, value: str) -> None:
    for _ in range(2):
        simulator.chat(f"[[simulate:429 retry-after={value} times=1]]")

    assert simulator.log()["retry_after_undercut"] == 0


def test_log_knows_that_a_key_came_but_not_the_key(simulator: RunningSimulator) -> None:
    simulator.chat("a", headers={"Authorization": "Bearer a-secret-key"})
    simulator.chat("b")

    log = simulator.log(detail=1)
    assert (log["calls_with_key"], log["calls_without_key"]) == (1, 1)
    assert [entry["key"] for entry in log["entries"]] == [sha256(b"a-secret-key").hexdigest()[:12], ""]
    assert "a-secret-key" not in simulator.client.get("/_simulator/log?detail=1").text


def test_detail_comes_in_pages(simulator: RunningSimulator) -> None:
    for number in range(7):
        simulator.chat(f"p{number}")

    first, second = simulator.log(detail=1, limit=5), simulator.log(detail=1, offset=5, limit=5)

    assert [entry["n"] for entry in first["entries"] + second["entries"]] == [1, 2, 3, 4, 5, 6, 7]
    assert (first["next_offset"], second["next_offset"]) == (5, None)
    assert simulator.client.get("/_simulator/log?detail=1&offset=-1").status_code == 400


def test_reset_forgets_calls_and_keeps_settings(simulator: RunningSimulator) -> None:
    simulator.settings(latency_ms=3)
    simulator.chat("[[simulate:500 times=1]]")

    simulator.client.post("/_simulator/reset")

    log = simulator.log()
    assert (log["calls"], log["statuses"], log["outcomes"], log["peak_in_flight"]) == (0, {}, {}, 0)
    assert simulator.client.get("/_simulator/settings").json()["latency_ms"] == 3
    assert simulator.chat("[[simulate:500 times=1]]").status_code == 500


def test_a_call_in_flight_at_a_reset_stays_in_flight_but_is_not_counted_as_a_call(simulator: RunningSimulator) -> None:
    caller = threading.Thread(target=simulator.chat, args=("slow",), kwargs={"model": "sim-chat-small@400ms"})
    caller.start()
    assert eventually(lambda: simulator.log()["in_flight"] == 1)

    simulator.client.post("/_simulator/reset")

    assert simulator.log() == simulator.log() | {"in_flight": 1, "peak_in_flight": 1, "calls": 0}
    caller.join()
    assert simulator.log() == simulator.log() | {"in_flight": 0, "calls": 0, "answers_completed": 0, "statuses": {}}


def test_calls_of_a_second_are_counted_by_the_clock() -> None:
    log = CallLog()
    for now in (10.0, 10.5, 10.9, 11.0, 11.1, 12.0):
        log.end(log.begin("p", "m", "", now), "200", True, now)

    assert log.busiest_second == 3
