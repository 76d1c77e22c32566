"""The resource that every app's `api.py` builds on: list and retrieve over what the caller may see; writing only by calling an action."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.enums import Ability
from raiportal.accounts.models import User
from raiportal.api.idempotency import once
from raiportal.api.problems import UnknownParameter
from raiportal.keyset import Sort

PAGE_PARAMETERS = frozenset({"cursor", "sort", "page_size", "format"})


class Resource(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """Subclasses set `queryset` (whose manager has `visible_to`), `serializer_class`, and may set `filterset_class`, `sorts`, `default_sort`.

    A write parses its input serializer with `self.read(Serializer)`, calls one action, and answers through `self.made` or `self.done`.
    """

    ability: ClassVar[Ability | None] = None  # tokens limited to it may write here; every app sets its own
    sorts: ClassVar[Mapping[str, Sort]] = {"id": Sort("pk")}
    default_sort: ClassVar[str] = "id"
    lookup_value_regex = r"\d{1,18}"

    @property
    def caller(self) -> User:
        """Who calls; the default permission has seen to it that somebody does."""
        return self.request.user  # type: ignore[return-value]

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset().none()
        return super().get_queryset().visible_to(self.request.user)  # type: ignore[attr-defined, no-any-return]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        filters = getattr(self, "filterset_class", None)
        self.refuse_unknown_parameters(request, PAGE_PARAMETERS | (set(filters.base_filters) if filters else set()))
        return super().list(request, *args, **kwargs)

    def refuse_unknown_parameters(self, request: Request, known: Collection[str]) -> None:
        """Refuse by name what a query says and this address doesn't know."""
        unknown = sorted(set(request.query_params) - {*known, "format"})
        if unknown:
            raise UnknownParameter(f"There is no parameter “{unknown[0][:60]}” here. There is {', '.join(sorted({*known} - {'format'}))}.")

    def read(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The checked input. Unknown fields are refused by name, so that a typo is not silently ignored."""
        data = self.request.data
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(serializer_class().fields))
            if unknown:
                raise UnknownParameter(f"There is no field “{unknown[0][:60]}” here.")
        serializer = serializer_class(data=data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def read_nothing(self) -> None:
        """For an address that takes no body: whatever is sent is refused by name."""
        self.read(serializers.Serializer)

    def find(self, queryset: Any, pk: int | None, field: str) -> Any:
        """The visible row that an input field names, or a refusal on that field which does not tell whether it exists elsewhere."""
        from raiportal.errors import Invalid

        if pk is None:
            return None
        row = queryset.visible_to(self.request.user).filter(pk=pk).first()
        if row is None:
            raise Invalid("There is none with this id that you may use.", field=field)
        return row

    def visible(self) -> Any:
        """The object of the address, or 404."""
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def once(self, act: Any) -> Response:
        """Do `act` once for the request's Idempotency-Key."""
        body = json.dumps(self.request.data, sort_keys=True, default=str)
        self.request.META["raiportal.body_digest"] = hashlib.sha256(body.encode()).hexdigest()
        return once(self.request, self.request.user, act)  # type: ignore[arg-type]

    def answer(self, row: Any, *, status: int = 200) -> Response:
        """The row as this resource shows it."""
        return Response(self.get_serializer(row).data, status=status)
