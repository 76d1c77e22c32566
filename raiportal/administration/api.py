"""The API of reference data: everybody reads, administrators change."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.administration.catalogue_filters import SORTS, EntriesFilter
from raiportal.api.resource import Resource
from raiportal.api.urls import BothSlashes
from raiportal.catalogues import actions, policies
from raiportal.catalogues.kinds import catalogues
from raiportal.catalogues.models import CatalogueEntry

OWN = ("title", "source", "source_version", "valid_from", "valid_to", "verified_on")


class EntryOutput(serializers.ModelSerializer[CatalogueEntry]):
    reference = serializers.CharField(read_only=True, help_text="How other entries name it.")
    body = serializers.DictField(read_only=True, help_text="What it says, by the fields of its catalogue.")  # type: ignore[assignment]
    version = serializers.IntegerField(source="number", read_only=True)
    is_behind = serializers.BooleanField(read_only=True, help_text="Edited here, and the shipped text changed since.")

    class Meta:
        model = CatalogueEntry
        fields = (
            *("id", "catalogue", "slug", "reference", "title", "body", "source", "source_version", "valid_from", "valid_to", "verified_on"),
            *("position", "version", "origin", "is_behind", "updated_at"),
        )
        read_only_fields = fields


class EntryChanges(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, required=False)
    body = serializers.DictField(required=False, help_text="The whole body, by the fields of its catalogue.")
    source = serializers.CharField(max_length=200, required=False, allow_blank=True)  # type: ignore[assignment]
    source_version = serializers.CharField(max_length=60, required=False, allow_blank=True)
    valid_from = serializers.DateField(required=False, allow_null=True)
    valid_to = serializers.DateField(required=False, allow_null=True)
    verified_on = serializers.DateField(required=False, allow_null=True, help_text="When it was compared with the published text.")
    reason = serializers.CharField(max_length=2000)


class EntryEdit(EntryChanges):
    seen = serializers.IntegerField(help_text="The version that was looked at; another one by now is a conflict.")


class EntryInput(EntryChanges):
    catalogue = serializers.CharField(max_length=60)
    slug = serializers.SlugField(max_length=80)
    title = serializers.CharField(max_length=200)
    body = serializers.DictField()


class End(serializers.Serializer[Any]):
    on = serializers.DateField(help_text="Its last day.")
    reason = serializers.CharField(max_length=2000)


class Why(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class EntryFilter(EntriesFilter):
    catalogue = django_filters.CharFilter(max_length=60)
    slug = django_filters.CharFilter(max_length=80)
    origin = django_filters.CharFilter(max_length=10)


class CatalogueEntries(Resource):
    """Entries of catalogues: reference data with its source and validity. None of it is legal advice."""

    queryset = CatalogueEntry.objects.all()
    serializer_class = EntryOutput
    filterset_class = EntryFilter
    sorts = {**SORTS, "id": Resource.sorts["id"]}
    default_sort = "id"

    def get_queryset(self) -> QuerySet[Any]:
        return CatalogueEntry.objects.filter(catalogue__in=[kind.slug for kind in catalogues])

    def changeable(self) -> CatalogueEntry:
        """The entry of the address. Who may change none is told so whether it exists or not."""
        policies.may_edit_catalogue(self.caller).require()
        entry: CatalogueEntry = self.visible()
        return entry

    @extend_schema(request=EntryInput, responses={201: EntryOutput})
    def create(self, request: Request) -> Response:
        """Add an entry of one's own."""

        def act() -> Response:
            given = self.read(EntryInput)
            named = {name: given.pop(name) for name in ("catalogue", "slug", "reason")}
            return self.answer(actions.add_entry(**named, content=given, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=EntryEdit, responses=EntryOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Make a new version with what is given changed."""
        entry = self.changeable()
        given = self.read(EntryEdit)
        named = {name: given.pop(name) for name in ("seen", "reason")}
        content = {**{name: getattr(entry, name) for name in OWN}, "body": entry.body, **given}
        return self.answer(actions.edit_entry(entry_id=entry.pk, content=content, **named, actor=self.caller))

    @extend_schema(request=End, responses=EntryOutput)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Let it hold no longer after its last day."""
        entry = self.changeable()
        return self.answer(actions.end_entry(entry_id=entry.pk, **self.read(End), actor=self.caller))

    @extend_schema(request=Why, responses=EntryOutput)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Let an ended entry hold again."""
        entry = self.changeable()
        return self.answer(actions.restore_entry(entry_id=entry.pk, **self.read(Why), actor=self.caller))

    @extend_schema(request=Why, responses=EntryOutput)
    @action(detail=True, methods=["post"], url_path="take-over")
    def take_over(self, request: Request, pk: str) -> Response:
        """Let the newest shipped text hold again."""
        entry = self.changeable()
        return self.answer(actions.take_over_shipped(entry_id=entry.pk, **self.read(Why), actor=self.caller))


router = BothSlashes()
router.register("catalogue-entries", CatalogueEntries, basename="api-catalogue-entry")
urlpatterns = router.urls
