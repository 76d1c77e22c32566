"""The API's resource about evidence."""

from __future__ import annotations

from typing import Any

import django_filters
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.enums import Ability
from raiportal.api import idempotency
from raiportal.api.parsers import StrictJsonParser
from raiportal.api.resource import Resource
from raiportal.api.urls import BothSlashes
from raiportal.errors import Invalid
from raiportal.evidence import actions, selectors, storage
from raiportal.evidence.downloads import answer_with
from raiportal.evidence.models import Evidence
from raiportal.keyset import Sort
from raiportal.uploads import received_file, was_stopped

ONE_OF_THREE = "Give one of the three: a file, a url, or object_kind and object_id."


class EvidenceOutput(serializers.ModelSerializer[Evidence]):
    sha256 = serializers.CharField(source="file.sha256", default="", read_only=True)
    size = serializers.IntegerField(source="file.size", default=None, read_only=True, allow_null=True, help_text="Bytes.")
    is_used = serializers.BooleanField(read_only=True, help_text="Something relied on it, so it can't be removed.")

    class Meta:
        model = Evidence
        fields = (
            *("id", "subject_kind", "subject_id", "kind", "title", "note", "file_name", "media_type", "sha256", "size", "url", "object_kind", "object_id"),
            *("is_used", "added_by", "added_at", "removed_at", "removed_by", "removed_reason"),
        )
        read_only_fields = fields


class EvidenceInput(serializers.Serializer[Any]):
    """A file goes as multipart/form-data."""

    subject_kind = serializers.CharField(max_length=60, help_text="Such as “harms.harm”.")
    subject_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    title = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")
    note = serializers.CharField(max_length=2_000, required=False, allow_blank=True, default="")
    file = serializers.FileField(required=False)
    url = serializers.CharField(max_length=1_000, required=False)
    object_kind = serializers.CharField(max_length=60, required=False)
    object_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class RemovalInput(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2_000)


class EvidenceFilter(django_filters.FilterSet):
    subject_kind = django_filters.CharFilter(max_length=60)
    subject_id = django_filters.NumberFilter(min_value=1, max_value=2**63 - 1)
    removed = django_filters.BooleanFilter(field_name="removed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Evidence
        fields: list[str] = []


class EvidenceResource(Resource):
    """What speaks for objects that the caller may see, newest first; also what was removed."""

    ability = Ability.REGISTER
    queryset = Evidence.objects.all()
    serializer_class = EvidenceOutput
    filterset_class = EvidenceFilter
    parser_classes = [StrictJsonParser, MultiPartParser]
    sorts = {"id": Sort("pk")}
    default_sort = "-id"

    def get_queryset(self) -> Any:
        return selectors.with_use(super().get_queryset())

    @extend_schema(request={"application/json": EvidenceInput, "multipart/form-data": EvidenceInput}, responses={201: EvidenceOutput})
    def create(self, request: Request) -> Response:
        """Attach a file, a link, or an object of the portal."""
        given = self._given(request)
        file, content = given.pop("file", None), ""
        if file is not None:
            content = storage.digest_of(storage.chunks(file.file))
        repeated = {name: str(value) for name, value in given.items()} | {"content": content}
        request.META["raiportal.body_digest"] = str(sorted(repeated.items()))

        def act() -> Response:
            added = self._add(given, file)
            return self.answer(self.get_queryset().get(pk=added.pk), status=201)

        return idempotency.once(request, self.caller, act)

    @extend_schema(request=RemovalInput, responses=EvidenceOutput)
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, pk: str) -> Response:
        """Take evidence away, with a reason. Refused while something relies on it."""
        row = self.visible()
        actions.remove(evidence_id=row.pk, actor=self.caller, **self.read(RemovalInput))
        return self.answer(self.visible())

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def file(self, request: Request, pk: str) -> Any:
        """The file's content."""
        row = self.visible()
        if row.file is None or row.removed_at is not None:
            raise Http404
        return answer_with(row)

    def _given(self, request: Request) -> dict[str, Any]:
        is_file = request.content_type.startswith("multipart/") if request.content_type else False
        data = request.data  # reading it brings the file in
        if is_file and ("file" in data or was_stopped(request._request)):
            received_file(request._request)
        return self.read(EvidenceInput)

    def _add(self, given: dict[str, Any], file: Any) -> Evidence:
        kind, pk = given.pop("subject_kind"), given.pop("subject_id")
        subject = selectors.subject_of(kind, pk, self.caller)
        if subject is None:
            raise Invalid("There is none with this id that you may use.", field="subject_id")
        words = {"subject": subject, "title": given.pop("title"), "note": given.pop("note"), "actor": self.caller}
        if file is not None and not given:
            return actions.add_file(upload=file, **words)
        if set(given) == {"url"} and file is None:
            return actions.add_link(**given, **words)
        if set(given) == {"object_kind", "object_id"} and file is None:
            return actions.add_object(**given, **words)
        raise Invalid(ONE_OF_THREE)


router = BothSlashes()
router.register("evidence", EvidenceResource, basename="api-evidence")
urlpatterns = router.urls
