"""Outages, windows, and models that change: what settings do to every call."""

import time

import httpx2
import pytest

from raiportal.sandbox.settings import BadSettings, Settings

from .process import RunningSimulator


@pytest.mark.processes
@pytest.mark.parametrize("outage", ["500", "503", "429", "401", "quota"])
def test_an_outage_fails_every_call_until_it_is_cleared(simulator: RunningSimulator, outage: str) -> None:
    simulator.settings(outage=outage, retry_after="2").raise_for_status()
    failed = [simulator.chat(text) for text in ("One", "[[simulate:safe]] Two", "Three")]
    simulator.settings(outage=None).raise_for_status()

    status = 429 if outage == "quota" else int(outage)
    assert [answer.status_code for answer in failed] == [status] * 3
    assert failed[0].headers.get("retry-after") == ("2" if outage == "429" else None)
    assert simulator.chat("One").status_code == 200
    assert simulator.log()["statuses"] == {str(status): 3, "200": 1}


@pytest.mark.processes
def test_an_outage_may_hang_or_reset(simulator: RunningSimulator) -> None:
    simulator.settings(outage="reset")
    with pytest.raises(httpx2.ReadError):
        simulator.chat("Hello")
    simulator.settings(outage="hang")
    with pytest.raises(httpx2.ReadTimeout):
        simulator.client.post("/v1/chat/completions", json={"model": "sim-chat-small", "messages": [{"role": "user", "content": "a"}]}, timeout=0.2)

    assert simulator.client.get("/healthz").status_code == 200


@pytest.mark.processes
def test_an_outage_has_a_window_of_seconds(simulator: RunningSimulator) -> None:
    simulator.settings(outage="503", outage_after_seconds=0.3, outage_seconds=0.4)
    before = simulator.chat("a").status_code
    time.sleep(0.4)
    during = simulator.chat("a").status_code
    time.sleep(0.5)

    assert (before, during, simulator.chat("a").status_code) == (200, 503, 200)


def test_a_window_counts_from_when_it_was_posted() -> None:
    settings = Settings().updated({"outage": "500", "outage_after_seconds": 10, "outage_seconds": 5}, 100.0)

    assert [settings.outage_at(now) for now in (105.0, 110.0, 114.9, 115.0)] == [None, "500", "500", None]
    assert settings.updated({"latency_ms": 1}, 200.0).outage_at(112.0) == "500"
    assert settings.updated({"outage": "500"}, 200.0).outage_at(212.0) == "500"
    assert settings.updated({"outage": None}, 111.0).outage_at(112.0) is None


@pytest.mark.processes
@pytest.mark.parametrize(
    ("setting", "field", "suffix"), [("model_changes_after", "model", "-next"), ("fingerprint_changes_after", "system_fingerprint", "_next")]
)
def test_model_and_fingerprint_change_after_so_many_calls(simulator: RunningSimulator, setting: str, field: str, suffix: str) -> None:
    usual = simulator.chat("a").json()[field]
    simulator.settings(**{setting: 2})

    reported = [simulator.chat("a").json()[field] for _ in range(3)]

    assert reported == [usual, usual + suffix, usual + suffix]


@pytest.mark.parametrize(
    "posted",
    [
        {"outage": "sometimes"},
        {"outage": 500},
        {"outage_seconds": -1},
        {"model_changes_after": "soon"},
        {"latency_ms": True},
        {"share_500": 0.6, "share_429": 0.6},
        [],
    ],
)
def test_settings_that_make_no_sense_are_refused(posted: object) -> None:
    with pytest.raises(BadSettings):
        Settings().updated(posted)


def test_null_gives_back_what_it_was_at_the_start() -> None:
    changed = Settings().updated({"latency_ms": 9, "retry_after": "7", "share_500": 0.2, "judge_noise": 0.5, "outage": "500"})

    assert changed.updated(dict.fromkeys(changed.as_json())).as_json() == Settings().as_json()
