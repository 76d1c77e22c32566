"""What people and programs say of content filters, where it can't be kept: told on the field, never a crash."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from raiportal.errors import Invalid
from systems.filter_settings import checked
from systems.models import AISystem, FilterConfiguration
from tests.factories.systems import make_system


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("odd", ["a\0b", "half \ud800", float("inf"), float("nan"), {"a\0": 1}, nested(900)])
def test_settings_that_cannot_be_kept_are_refused_on_the_field(odd: Any) -> None:
    with pytest.raises(Invalid) as refused:
        checked({"other": {"a": [odd]}})

    assert refused.value.field == "settings"


@pytest.mark.parametrize("odd", ["a\0b", "half \ud800"])
def test_names_of_block_lists_are_text_that_can_be_kept(odd: str) -> None:
    with pytest.raises(Invalid):
        checked({"blocklists": [odd]})


def test_every_other_text_and_number_is_kept() -> None:
    other = {"a": ["tab\t", "\N{RIGHT-TO-LEFT OVERRIDE}", "\\u0000", "😀", 1.5, None, True]}

    assert checked({"other": other})["other"] == other


@pytest.mark.django_db
@pytest.mark.parametrize("other", ["9" * 5_000, "[" * 100_000, '{"a": "\\u0000"}', '{"a": "\\ud800"}', '{"a": 1e999}', '{"a": NaN}', "{"])
def test_form_tells_what_is_wrong_with_the_other_settings(other: str) -> None:
    system: AISystem = make_system(name="Note summariser")
    client = Client()
    client.force_login(system.owner)

    answer = client.post(reverse("filter-add", args=[system.pk]), {"name": "Ours", "provider": "azure_openai", "other": other})

    assert answer.status_code == 422
    assert not FilterConfiguration.objects.exists()
