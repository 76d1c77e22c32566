"""Which provider, target, address, model and API version go together, so that what is stored can be called.

Azure addresses each of its deployments by name: `{resource}/openai/deployments/{name}/chat/completions?api-version={date}`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from raiportal.errors import Invalid
from systems.enums import Provider, Target
from systems.providers import AZURE_API_VERSION

_API_VERSION = re.compile(r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(-preview)?", re.ASCII)


def fitting(endpoint: Mapping[str, str]) -> dict[str, str]:
    """Model and API version as they are stored, of an endpoint in the shape of `snapshots.endpoint_of`, whose address was checked.

    Raises Invalid, naming the field, for parts that don't go together.
    """
    provider, target = endpoint["provider"], endpoint["target"]
    if provider not in Provider.values:
        raise Invalid(f"A provider is one of {', '.join(Provider.values)}.", field="provider", code="not_offered")
    if target not in Target.values:
        raise Invalid(f"A target is one of {', '.join(Target.values)}.", field="target", code="not_offered")
    is_azure = provider == Provider.AZURE_OPENAI
    if is_azure:
        _require_resource(endpoint["base_url"])
    return {"model": _fitting_model(endpoint["model"].strip(), target, is_azure), "api_version": _fitting_version(endpoint["api_version"].strip(), is_azure)}


def _fitting_model(model: str, target: str, is_azure: bool) -> str:
    if is_azure and not model:
        raise Invalid("Give the name that the deployment has at Azure: it is part of the address.", field="model")
    if not model and target == Target.MODEL:
        raise Invalid("Say which model the endpoint serves.", field="model")
    return model


def _fitting_version(version: str, is_azure: bool) -> str:
    if not is_azure:
        if version:
            raise Invalid("Leave the API version empty: only Azure OpenAI asks for one.", field="api_version")
        return ""
    if version and not _is_version(version):
        raise Invalid(f"An API version of Azure is a date, such as {AZURE_API_VERSION} or 2025-04-01-preview.", field="api_version")
    return version or AZURE_API_VERSION


def _is_version(version: str) -> bool:
    written = _API_VERSION.fullmatch(version)
    try:
        return written is not None and bool(datetime.date.fromisoformat(written["day"]))
    except ValueError:
        return False


def _require_resource(base_url: str) -> None:
    """Refuse addresses that hold what the portal adds, or that speak OpenAI's own shape."""
    path = base_url.lower()
    if "/openai/deployments" in path:
        raise Invalid("Give the resource's address alone, such as https://NAME.openai.azure.com: the deployment's name has its own field.", field="base_url")
    if path.endswith("/openai/v1"):
        raise Invalid("An address that ends in /openai/v1 speaks OpenAI's own form: choose OpenAI-compatible as the provider.", field="base_url")
