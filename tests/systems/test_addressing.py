"""What goes together in the address of a call."""

from __future__ import annotations

import pytest

from raiportal.errors import Invalid
from systems import addressing
from systems.providers import AZURE_API_VERSION

AZURE = {"provider": "azure_openai", "target": "model", "base_url": "https://house.openai.azure.com", "model": "assistant-eu", "api_version": ""}
COMPATIBLE = {**AZURE, "provider": "openai_compatible", "base_url": "https://example.org/v1"}


@pytest.mark.parametrize(
    ("endpoint", "version"),
    [
        (AZURE, AZURE_API_VERSION),
        ({**AZURE, "api_version": " 2025-04-01-preview "}, "2025-04-01-preview"),
        ({**AZURE, "base_url": "https://gateway.example.org/azure", "api_version": "2024-02-01"}, "2024-02-01"),
        (COMPATIBLE, ""),
        ({**COMPATIBLE, "base_url": "https://house.openai.azure.com/openai/v1"}, ""),
    ],
)
def test_version_is_azure_s_alone(endpoint: dict[str, str], version: str) -> None:
    assert addressing.fitting(endpoint) == {"model": "assistant-eu", "api_version": version}


def test_only_an_application_may_do_without_a_model() -> None:
    assert addressing.fitting({**COMPATIBLE, "target": "application", "model": " "})["model"] == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"provider": "moon"}, "provider"),
        ({"target": "moon"}, "target"),
        ({"model": ""}, "model"),
        ({"model": " ", "target": "application"}, "model"),
        ({"api_version": "newest"}, "api_version"),
        ({"api_version": "2024-13-01"}, "api_version"),
        ({"api_version": "2024-10-21&x=1"}, "api_version"),
        ({"api_version": "2024-10-21-beta"}, "api_version"),
        ({"base_url": "https://house.openai.azure.com/openai/deployments/assistant-eu"}, "base_url"),
        ({"base_url": "https://house.openai.azure.com/openai/v1"}, "base_url"),
        ({"provider": "openai_compatible", "api_version": "2024-10-21"}, "api_version"),
        ({"provider": "openai_compatible", "model": ""}, "model"),
    ],
)
def test_parts_that_do_not_go_together_are_refused_by_field(changes: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        addressing.fitting({**AZURE, **changes})

    assert refusal.value.field == field
