"""Errors as application/problem+json: `code` for programs, `detail` for people, `errors` by field."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from raiportal.api import words
from raiportal.errors import NO_ROOM, Invalid, NoRoom, PolicyDenied, RaiportalError, Unavailable, Unmet, is_disk_full
from raiportal.middleware import DATABASE_AWAY, note_refusal

CONTENT_TYPE = "application/problem+json"
NOT_FOUND = "There is nothing here, or nothing that you may see."


class UnknownParameter(exceptions.APIException):
    """A query parameter or field that this address does not have; refused, because ignoring a filter would show too much."""

    status_code = 400
    default_code = "unknown_parameter"


def problem(status: int, code: str, detail: str, errors: dict[str, Any] | None = None) -> Response:
    """The answer of a refusal. `errors` maps fields to lists of sentences."""
    return Response(_body(status, code, detail, errors or {}), status=status, content_type=CONTENT_TYPE)


def outside_resources(status: int, code: str, detail: str) -> JsonResponse:
    """The same answer below the API's address where no resource is."""
    return JsonResponse(_body(status, code, detail, {}), status=status, content_type=CONTENT_TYPE)


def _body(status: int, code: str, detail: str, errors: dict[str, Any]) -> dict[str, Any]:
    return {"type": "about:blank", "status": status, "code": code, "detail": detail, "errors": errors}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Anything unexpected returns None and stays a 500 that is fixed, not dressed up."""
    if isinstance(error, OperationalError | InterfaceError):
        error = Unavailable(DATABASE_AWAY)
    if is_disk_full(error):
        error = NoRoom(NO_ROOM)
    response = _ours(error, context) if isinstance(error, RaiportalError) else _frameworks(error, context)
    if response is not None:
        set_rollback()
    return response


def _ours(error: RaiportalError, context: dict[str, Any]) -> Response:
    set_rollback()
    errors: dict[str, Any] = {}
    if isinstance(error, Invalid) and error.field:
        errors = {error.field: [error.detail]}
    if isinstance(error, Unmet):
        errors = {"missing": error.missing}
    if isinstance(error, PolicyDenied):
        note_refusal(context["request"], error)
    return problem(error.status, error.code, error.detail, errors)


def _frameworks(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, Http404 | exceptions.NotFound):
        return problem(404, "missing", NOT_FOUND)
    if isinstance(error, PermissionDenied):
        return problem(403, "denied", str(error) or "You may not do this.")
    if isinstance(error, RequestDataTooBig):
        return problem(413, "too_large", "The request is too large.")
    if isinstance(error, exceptions.ValidationError):
        return problem(422, "invalid", _first_sentence(error.detail), _as_errors(error.detail))
    if isinstance(error, exceptions.NotAuthenticated):
        return _with_challenge(problem(401, "not_authenticated", "Sign in, or send a token as “Authorization: Bearer <token>”."))
    if isinstance(error, exceptions.AuthenticationFailed):
        return _with_challenge(problem(401, _code(error), str(error.detail)))
    if isinstance(error, exceptions.APIException):
        return problem(error.status_code, _code(error), words.sentence_of(error, context))
    return None


def _with_challenge(response: Response) -> Response:
    response["WWW-Authenticate"] = "Bearer"
    return response


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _as_errors(detail: Any, path: str = "") -> dict[str, Any]:
    """Sentences by field; an inner field is named with dots: `judge.patterns.1`."""
    if isinstance(detail, dict):
        found: dict[str, Any] = {}
        for name, inner in detail.items():
            found |= _as_errors(inner, f"{path}.{name}" if path else str(name))
        return found
    return {path or "non_field_errors": detail if isinstance(detail, list) else [detail]}


def _first_sentence(detail: Any, field: str = "") -> str:
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        return _first_sentence(inner, "" if name == "non_field_errors" else str(name))
    if isinstance(detail, list):
        return _first_sentence(detail[0], field) if detail else "Refused."
    return f"{field}: {detail}" if field else str(detail)
