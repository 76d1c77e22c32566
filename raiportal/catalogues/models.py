"""Reference data: entries of catalogues, every version of each, and which shipped file was loaded."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from raiportal.accounts.models import User
from raiportal.catalogues.enums import Origin

# what the portal's search looks in
SEARCHED_TEXT = SearchVector("title", weight="A", config="english") + SearchVector("source", weight="B", config="english")


class CatalogueFile(models.Model):
    """The shipped file of one catalogue as it was last loaded; loading the same again costs one look at its digest."""

    slug = models.SlugField(max_length=60, unique=True)
    digest = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    class Meta:
        db_table = "catalogue_file"

    def __str__(self) -> str:
        return self.slug


class CatalogueEntry(models.Model):
    """One entry as it holds now. What it said before stands in its versions. `title` to `verified_on` are those of version `number`.

    `valid_to` in the past: the entry is ended, and stays for what refers to it. `verified_on` null: nobody compared it with the published text yet.
    """

    catalogue = models.SlugField(max_length=60)
    slug = models.SlugField(max_length=80)
    position = models.PositiveIntegerField()
    number = models.PositiveIntegerField(default=1)
    shipped_number = models.PositiveIntegerField(null=True)  # the newest shipped version; null: added here
    origin = models.CharField(max_length=10, choices=Origin.choices)
    title = models.CharField(max_length=200)
    body = models.JSONField(default=dict)
    source = models.CharField(max_length=200, blank=True)
    source_version = models.CharField(max_length=60, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    verified_on = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "catalogue_entry"
        constraints = [
            models.UniqueConstraint(name="catalogue_entry_once", fields=["catalogue", "slug"]),
            models.CheckConstraint(name="catalogue_entry_validity", condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gte=models.F("valid_from"))),
        ]
        indexes = [
            models.Index(fields=["catalogue", "position", "id"], name="catalogue_entry_order"),
            models.Index(fields=["catalogue", "source"], name="catalogue_entry_sources"),  # which there are, for the filter
            GinIndex(SEARCHED_TEXT, name="catalogue_entry_search"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def reference(self) -> str:
        return f"{self.catalogue}:{self.slug}"

    @property
    def is_behind(self) -> bool:
        """Whether the shipped text changed since the entry was edited here."""
        return self.shipped_number is not None and self.shipped_number > self.number


class EntryVersion(models.Model):
    """What an entry said from one moment on. Immutable."""

    entry = models.ForeignKey(CatalogueEntry, on_delete=models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    origin = models.CharField(max_length=10, choices=Origin.choices)
    content = models.JSONField()  # {"title", "body", "source", "source_version", "valid_from", "valid_to", "verified_on"}
    digest = models.CharField(max_length=64)  # of the content
    reason = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "catalogue_entry_version"
        constraints = [models.UniqueConstraint(name="catalogue_version_number", fields=["entry", "number"])]

    def __str__(self) -> str:
        return f"{self.entry_id} v{self.number}"
