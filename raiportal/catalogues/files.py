"""Reading a shipped file: its head, its entries, each checked by its kind. A file that is wrong is told by name and place, and nothing of it is taken."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from raiportal.catalogues.kinds import CatalogueKind
from raiportal.errors import Invalid, RaiportalError

HEAD = ("source", "version", "valid_from", "valid_to", "verified_on")
CONTENT = ("title", "body", "source", "source_version", "valid_from", "valid_to", "verified_on")
LONGEST_TITLE = 200


class BadFile(RaiportalError):
    """A shipped file that can't be loaded; the sentence names file and entry."""

    code = "bad_catalogue_file"


@dataclass(frozen=True)
class ShippedEntry:
    """One entry of a file. `content` as in `EntryVersion.content`, dates as texts."""

    slug: str
    content: dict[str, Any]

    @property
    def digest(self) -> str:
        return digest_of(self.content)


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of an entry's content as canonical JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def read(kind: CatalogueKind, text: str) -> list[ShippedEntry]:
    """The entries of a file `{"source", "version", "valid_from"?, "valid_to"?, "verified_on"?, "entries": [{"slug", "title", ...}]}`.

    An entry may say for itself what the head says for all. Raises BadFile.
    """
    try:
        content = yaml.load(text, Loader=_LOADER)  # noqa: S506  # the safe loader, in C where it was built
    except yaml.YAMLError as error:
        raise BadFile(f"{kind.file.name} is no YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list) or not content.get("source"):
        raise BadFile(f"{kind.file.name} needs a source and a list of entries.")
    entries = [_entry(kind, content, entry, place) for place, entry in enumerate(content["entries"], start=1)]
    slugs = [entry.slug for entry in entries]
    twice = next((slug for slug in slugs if slugs.count(slug) > 1), None) if len(set(slugs)) != len(slugs) else None
    if twice:
        raise BadFile(f"{kind.file.name} has “{twice}” twice.")
    return entries


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _entry(kind: CatalogueKind, head: Mapping[str, Any], entry: Any, place: int) -> ShippedEntry:
    if not isinstance(entry, dict) or not isinstance(entry.get("slug"), str):
        raise BadFile(f"{kind.file.name}: entry {place} has no slug.")
    where = f"{kind.file.name}: entry {place}, “{entry['slug']}”"
    try:
        validate_slug(entry["slug"])
        title = str(entry.get("title", "")).strip()
        if not 0 < len(title) <= LONGEST_TITLE:
            raise Invalid(f"needs a title of at most {LONGEST_TITLE} characters.")
        said = {**{name: head.get(name) for name in HEAD}, **entry}
        body = kind.checked({name: value for name, value in entry.items() if name not in ("slug", "title", *HEAD)})
        dates = {name: _date(said[name]) for name in ("valid_from", "valid_to", "verified_on")}
    except ValidationError as error:
        raise BadFile(f"{where}: a slug takes letters, digits and hyphens.") from error
    except Invalid as error:
        raise BadFile(f"{where}: {error.detail}") from error
    except ValueError as error:
        raise BadFile(f"{where}: a date is written as in 2026-08-02.") from error
    return ShippedEntry(entry["slug"], {"title": title, "body": body, "source": str(said["source"]), "source_version": str(said["version"] or ""), **dates})


def _date(value: Any) -> str | None:
    return None if value is None else datetime.date.fromisoformat(str(value)).isoformat()
