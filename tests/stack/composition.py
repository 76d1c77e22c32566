"""docker-compose.yml and the Dockerfile as Docker would read them, so far as the stack's tests need it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
COMPOSE = CHECKOUT / "docker-compose.yml"
DOCKERFILE = CHECKOUT / "Dockerfile"
# What a person writes into .env: everything that the file insists on.
SECRETS = {
    "RAIPORTAL_SECRET_KEY": "zJ4mH1o7cVbYw8PqEx3sKfTn6dRg2UaL9iXe5uQk0MhWvBtC-stack-tests",
    "RAIPORTAL_FIELD_KEYS": "c3RhY2sgdGVzdHMsIG5vdGhpbmcgZWxzZSBpcyBpbiA=",
    "RAIPORTAL_LEDGER_KEY": "c3RhY2sgdGVzdHMsIG5vdGhpbmcgZWxzZSBpcyBpbiA=",
    "RAIPORTAL_PUBLIC_URL": "https://portal.example",
    "RAIPORTAL_HOSTS": "portal.example",
    "RAIPORTAL_DB_PASSWORD": "application-password",
    "RAIPORTAL_DB_OWNER_PASSWORD": "owner-password",
    "RAIPORTAL_BROKER_PASSWORD": "brokerpassword",
}
_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<mode>:[-?])(?P<rest>[^}]*))?\}")


class Refused(Exception):
    """The file insists on a variable that isn't set."""


@dataclass(frozen=True)
class Service:
    """One service: its environment on top of the image's, its command, its health check's command, and the rest as it stands."""

    name: str
    environment: Mapping[str, str]
    command: list[str]
    health: list[str]
    content: Mapping[str, Any]


def raw() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())  # type: ignore[no-any-return]


def services(given: Mapping[str, str] = SECRETS) -> dict[str, Service]:
    """All services with their variables filled in. Raises Refused for one that is missing."""
    content = _filled(raw(), given)
    return {name: _service(name, service, given) for name, service in content["services"].items()}


def broker_configuration(given: Mapping[str, str] = SECRETS) -> str:
    return str(_filled(raw()["configs"]["broker"]["content"], given))


def image_environment() -> dict[str, str]:
    """The final stage's ENV."""
    stage = DOCKERFILE.read_text().rpartition("\nFROM ")[2]
    joined = re.search(r"^ENV (.+?)(?<!\\)$", stage, re.MULTILINE | re.DOTALL)
    assert joined
    return dict(pair.split("=", 1) for pair in joined[1].replace("\\\n", " ").split())


def _service(name: str, content: Mapping[str, Any], given: Mapping[str, str]) -> Service:
    environment = {key: given.get(key) if value is None else str(value) for key, value in content.get("environment", {}).items()}
    health = content.get("healthcheck", {}).get("test", [])
    return Service(name, {key: value for key, value in environment.items() if value is not None}, content.get("command", []), health[1:], content)


def _filled(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, given) for inner in value]
    return _VARIABLE.sub(lambda found: _value(found, given), value) if isinstance(value, str) else value


def _value(found: re.Match[str], given: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    value = given.get(found["name"], "")
    if not value and found["mode"] == ":?":
        raise Refused(f"{found['name']}: {found['rest']}")
    return value or (found["rest"] or "" if found["mode"] == ":-" else "")


def told(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
