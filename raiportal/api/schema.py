"""How the OpenAPI description is made: errors on every operation, token authentication, filters and cursors."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

REFUSALS = {"400": "Unreadable", "401": "Not signed in", "403": "Not you", "404": "Nothing here", "409": "Not now", "422": "Refused"}


Direction = Literal["request", "response"]


class Problem(serializers.Serializer[Any]):
    """Why a request was refused."""

    type = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="A sentence for people.")
    errors = serializers.DictField(help_text="By field, lists of sentences.")  # type: ignore[assignment]  # the name of a property there, a field here


class Schema(AutoSchema):
    """Adds the problem answers that every operation can give."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        component = self.resolve_serializer(Problem, direction)
        for status, words in (
            ("400", "Unreadable"),
            ("401", "Not signed in"),
            ("403", "Not you"),
            ("404", "Nothing here"),
            ("409", "Not now"),
            ("422", "Refused"),
        ):
            bodies.setdefault(status, {"description": words, "content": {"application/problem+json": {"schema": component.ref}}})
        return bodies


class Generator(SchemaGenerator):
    """Names what an address ends in `id`, also where the table's key has another name, as a system's is its scope."""

    def coerce_path(self, path: str, method: str, view: Any) -> str:
        return str(super().coerce_path(path.replace("{pk}", "{id}"), method, view))  # type: ignore[no-untyped-call]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "raiportal.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API token from Settings, or from `manage.py create_token`."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "raiportal.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
