"""Doors: the addresses at which the simulator answers chat completions, and how each says who calls and what is wrong.

POST /v1/chat/completions                                                 as OpenAI: model in the body, `Authorization: Bearer KEY`
POST /openai/deployments/{name}/chat/completions?api-version=2024-10-21   as Azure OpenAI: model in the path, `api-key: KEY`, annotations
POST /application/v1/chat/completions                                     as a team's own application: no model needed, no parameters taken
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, unquote

from .answers import Refused
from .strata import MODELS

API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?", re.ASCII)
OPENAI_PATH, APPLICATION_PATH = "/v1/chat/completions", "/application/v1/chat/completions"
AZURE_PATH = re.compile(r"/openai/deployments/(?P<name>[^/]+)/chat/completions")
AZURE_PREFIX = "/openai/"
APPLICATION_METAPROMPT = "You are the assistant of a shop. Answer from the handbook only and never give instructions that could do harm."
APPLICATION_TAKES = frozenset({"model", "messages", "stream", "stream_options", "user"})


class Kind(StrEnum):
    OPENAI = "openai"
    AZURE = "azure"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Door:
    """The door that a call came through; `deployment` is the name in an address of Azure's."""

    kind: Kind
    deployment: str = ""

    @property
    def is_azure(self) -> bool:
        return self.kind is Kind.AZURE

    @property
    def model(self) -> str | None:
        """The model that the door stands for; None where the body names it."""
        if self.kind is Kind.OPENAI:
            return None
        return self.deployment or MODELS[0]


OPENAI, APPLICATION = Door(Kind.OPENAI), Door(Kind.APPLICATION)


def door_of(url: bytes) -> Door | None:
    """The door at an address; None where no chat completion is answered."""
    path, _, query = url.decode("latin-1").partition("?")
    if path == OPENAI_PATH:
        return OPENAI
    if path == APPLICATION_PATH:
        return APPLICATION
    found = AZURE_PATH.fullmatch(path)
    if found is None:
        return None
    version = parse_qs(query).get("api-version", [""])[-1]
    return Door(Kind.AZURE, unquote(found["name"])) if API_VERSION.fullmatch(version) else None


def azure_refused(refused: Refused) -> dict[str, object]:
    """The error body that Azure sends where OpenAI sends `refused`: the key and the address are its own, the rest is the model's."""
    if refused.status not in (401, 404):
        return refused.error
    code = "DeploymentNotFound" if refused.code == "model_not_found" else str(refused.status)
    return azure_error(code, str(refused))


def azure_error(code: str, message: str) -> dict[str, object]:
    """An error body in Azure's own shape."""
    return {"error": {"code": code, "message": message}}
