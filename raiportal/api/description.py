"""The OpenAPI description shaped for a page that people read: operations by resource, each with its fields."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    """One input or output field, or a parameter."""

    name: str
    kind: str
    is_required: bool
    note: str


@dataclass(frozen=True)
class Operation:
    """One thing that the API does."""

    slug: str
    method: str
    path: str
    summary: str
    parameters: list[Field]
    body: list[Field]
    media_type: str
    answer: list[Field]
    status: str


@dataclass(frozen=True)
class Group:
    """The operations of one resource."""

    slug: str
    name: str
    operations: list[Operation]


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The OpenAPI document, generated once for each process."""
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call, no-any-return]


def groups() -> list[Group]:
    """Operations by resource, in the order of their addresses."""
    document = description()
    found: dict[str, list[Operation]] = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                tag = operations[method]["tags"][0]
                found.setdefault(tag, []).append(_operation(document, path, method, operations[method]))
    return [Group(tag, tag.replace("-", " ").capitalize(), listed) for tag, listed in sorted(found.items())]


def _operation(document: dict[str, Any], path: str, method: str, written: dict[str, Any]) -> Operation:
    nothing: dict[str, Any] = {}
    status, answer = next(((code, given) for code, given in written["responses"].items() if code.startswith("2")), ("", nothing))
    media_type, body = next(iter(written.get("requestBody", nothing).get("content", nothing).items()), ("", nothing))
    return Operation(
        slug=written["operationId"],
        method=method.upper(),
        path=path,
        summary=written.get("summary") or written.get("description", "").split("\n")[0],
        parameters=[
            _field(document, item["name"], item.get("schema", {}), item.get("required", False), item.get("description", ""))
            for item in written.get("parameters", [])
        ],
        body=_fields(document, body.get("schema", {})),
        media_type=media_type,
        answer=_fields(document, next(iter(answer.get("content", nothing).values()), nothing).get("schema", nothing)),
        status=status,
    )


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> list[Field]:
    whole = _resolved(document, schema)
    required = set(whole.get("required", []))
    return [_field(document, name, inner, name in required, inner.get("description", "")) for name, inner in whole.get("properties", {}).items()]


def _field(document: dict[str, Any], name: str, schema: dict[str, Any], is_required: bool, note: str) -> Field:
    return Field(name, _kind(document, schema), is_required, note)


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    whole = _resolved(document, schema)
    if "enum" in whole:
        return " | ".join(str(value) for value in whole["enum"] if value not in (None, ""))
    if whole.get("type") == "array":
        return f"list of {_kind(document, whole.get('items', {}))}"
    word = str(whole.get("format") or whole.get("type") or "any value")
    return f"{word} or null" if whole.get("nullable") else word


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for key in ("allOf", "oneOf"):
        if key in schema:
            return {**_resolved(document, schema[key][0]), **{name: value for name, value in schema.items() if name != key}}
    reference = schema.get("$ref")
    return document["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema
