"""The doors of Azure and of an application beside that of OpenAI."""

from hashlib import sha256
from typing import Any

import httpx2
import openai
import pytest

from .process import MODEL, RunningSimulator, chat_body, running_simulator

pytestmark = pytest.mark.processes
VERSION = "2024-10-21"


def at_azure(simulator: RunningSimulator, text: str, *, name: str = MODEL, version: str = VERSION, **options: Any) -> httpx2.Response:
    path = f"/openai/deployments/{name}/chat/completions"
    return simulator.client.post(path, params={"api-version": version}, json={"messages": [{"role": "user", "content": text}]}, **options)


def test_azures_own_client_reads_the_answers(simulator: RunningSimulator) -> None:
    client = openai.AzureOpenAI(azure_endpoint=f"http://127.0.0.1:{simulator.port}", api_key="k-azure", api_version=VERSION, max_retries=0)
    with client:
        answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}])

    assert answer.choices[0].message.content == simulator.chat("Hello").json()["choices"][0]["message"]["content"]
    assert simulator.log(detail=1)["entries"][0]["key"] == sha256(b"k-azure").hexdigest()[:12]
    assert simulator.log()["distinct_prompts"] == 1


def test_every_answer_of_azures_is_annotated(simulator: RunningSimulator) -> None:
    answer = at_azure(simulator, "[[simulate:harmful]][[stratum:self_harm]]").json()

    assert answer["choices"][0]["content_filter_results"]["self_harm"] == {"filtered": False, "severity": "low"}
    assert answer["prompt_filter_results"][0]["content_filter_results"]["jailbreak"] == {"filtered": False, "detected": False}
    assert "prompt_filter_results" not in simulator.chat("Hello").json()


def test_a_stream_of_azures_begins_with_what_is_said_of_the_prompt(simulator: RunningSimulator) -> None:
    body = {**chat_body("Hello"), "stream": True}
    answer = simulator.client.post(f"/openai/deployments/{MODEL}/chat/completions?api-version={VERSION}", json=body)

    assert '"prompt_filter_results"' in answer.text.split("\n\n")[0]


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"name": "nothing-here"}, 404, "DeploymentNotFound"),
        ({"version": ""}, 404, "404"),
        ({"version": "newest"}, 404, "404"),
        ({"text": "[[simulate:404]]"}, 404, "DeploymentNotFound"),
        ({"text": "[[simulate:401]]"}, 401, "401"),
        ({"text": "[[simulate:429]]"}, 429, "429"),
        ({"text": "[[simulate:quota]]"}, 429, "429"),
        ({"text": "[[simulate:500]]"}, 500, "InternalServerError"),
        ({"text": "[[simulate:400]]"}, 400, "invalid_value"),
    ],
)
def test_errors_come_in_azures_shape(simulator: RunningSimulator, options: dict[str, str], status: int, code: str) -> None:
    answer = at_azure(simulator, **{"text": "Hello", **options})

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert ("type" in answer.json()["error"]) == (status == 400)


def test_azures_key_is_the_one_in_its_own_header() -> None:
    with running_simulator("--api-key", "secret-key") as simulator:
        statuses = [
            at_azure(simulator, "Hello", headers=headers).status_code for headers in ({"api-key": "secret-key"}, {"authorization": "Bearer secret-key"}, {})
        ]

    assert statuses == [200, 401, 401]


@pytest.mark.parametrize("options", ["key=results at=error", "key=result at=error", "key=results at=inner", "key=result at=inner"])
def test_a_blocked_prompt_comes_in_every_spelling(simulator: RunningSimulator, options: str) -> None:
    error = at_azure(simulator, f"[[simulate:content-filter-prompt {options} category=self-harm severity=null]]").json()["error"]

    key, _, at = options.removeprefix("key=").partition(" at=")
    place = error if at == "error" else error["innererror"]
    assert place[f"content_filter_{key}"]["self-harm"] == {"filtered": True, "severity": None}
    assert "self_harm" not in place[f"content_filter_{key}"]
    assert (error["code"], error["innererror"]["code"]) == ("content_filter", "ResponsibleAIPolicyViolation")


@pytest.mark.parametrize("options", ["category=weather", "severity=8", "side=left", "key=any", "at=top", "retry-after-ms=soon"])
def test_an_option_that_does_not_exist_is_refused(simulator: RunningSimulator, options: str) -> None:
    assert simulator.chat(f"[[simulate:content-filter {options}]]").json()["error"]["code"] == "unknown_simulation"


def test_an_application_needs_no_model_and_takes_no_parameters(simulator: RunningSimulator) -> None:
    messages = [{"role": "user", "content": "Where is my parcel?"}]
    path = "/application/v1/chat/completions"

    assert simulator.client.post(path, json={"messages": messages}).status_code == 200
    refused = simulator.client.post(path, json={"messages": messages, "temperature": 0})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "temperature")


def test_the_first_page_tells_of_every_door_fault_and_setting(simulator: RunningSimulator) -> None:
    page = simulator.client.get("/").json()

    assert "/openai/deployments/{model}/chat/completions?api-version={date}" in page["paths"]
    assert page["faults"].keys() == set(simulator.client.get("/_simulator/rates").json()["faults"])
    assert all(page["faults"].values())
    told = "\n".join(page["guide"]["settings"])
    assert all(name in told for name in simulator.client.get("/_simulator/settings").json())
