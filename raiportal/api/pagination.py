"""Cursor pages: `{"next", "previous", "results"}` with whole addresses, sorted by `?sort=` from the resource's allow-list."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from raiportal import keyset
from raiportal.errors import Invalid

LARGEST_PAGE = 500
USUAL_PAGE = 50


class CursorPages(BasePagination):
    """Keyset pages; `?page_size=` up to 500."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        _, sort = keyset.chosen_sort(request.query_params.get("sort"), view.sorts, view.default_sort)
        self.page = keyset.page(queryset, sort, request.query_params.get("cursor"), page_size(request))
        self.address = request.build_absolute_uri()
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._address(self.page.next), "previous": self._address(self.page.previous), "results": data})

    def _address(self, cursor: str | None) -> str | None:
        return replace_query_param(self.address, "cursor", cursor) if cursor else None

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {"type": "object", "required": ["results"], "properties": {"next": link, "previous": link, "results": schema}}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        sorts = [name for plain in getattr(view, "sorts", {}) for name in (plain, f"-{plain}")]
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}, "description": "From `next` or `previous`."},
            {"name": "sort", "in": "query", "required": False, "schema": {"type": "string", "enum": sorts}},
            {"name": "page_size", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}},
        ]


def page_size(request: Request) -> int:
    """How many rows the address asks for. Raises Invalid for too many, none, or no number."""
    asked = request.query_params.get("page_size", str(USUAL_PAGE))
    if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked) <= LARGEST_PAGE:
        raise Invalid(f"page_size is a whole number from 1 to {LARGEST_PAGE}.", field="page_size")
    return int(asked)
