"""Evidence as pages, snapshots and doors need it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.urls import Resolver404, resolve

from raiportal.accounts.models import User
from raiportal.audit.subjects import subject_kinds
from raiportal.evidence.enums import EvidenceKind
from raiportal.evidence.models import ORGANISATION, Evidence, EvidenceQuerySet, EvidenceUse, StoredFile
from raiportal.evidence.subjects import attachable

EXPORTED = (
    *("id", "kind", "title", "note", "url", "file_name", "size", "sha256", "object_kind", "object_id"),
    *("added_by", "added_at", "is_relied_on", "removed_by", "removed_at", "removed_reason"),
)


def of(subject: models.Model) -> list[Evidence]:
    """What stands for an object, newest first, each with `is_used`: whether something relied on it. One query."""
    return list(with_use(Evidence.objects.of(subject).standing()))


def with_use(rows: Any) -> EvidenceQuerySet:
    """Rows with all that is shown of them, newest first."""
    used = Exists(EvidenceUse.objects.filter(evidence=OuterRef("pk")))
    return rows.select_related("file", "added_by", "removed_by").annotate(is_used=used).order_by("-pk")  # type: ignore[no-any-return]


def exported(rows: Iterable[Evidence]) -> Iterator[dict[str, Any]]:
    """Rows of `with_use` for a file."""
    for row in rows:
        yield {
            **{name: getattr(row, name) for name in ("id", "kind", "title", "note", "url", "file_name", "object_kind", "object_id")},
            **{name: getattr(row, name) for name in ("added_at", "removed_at", "removed_reason")},
            "size": row.file.size if row.file else None,
            "sha256": row.file.sha256 if row.file else "",
            "added_by": row.added_by.username,
            "removed_by": row.removed_by.username if row.removed_by else "",
            "is_relied_on": row.is_used,  # type: ignore[attr-defined]  # annotated by with_use
        }


def digests(subject: models.Model) -> list[dict[str, Any]]:
    """What stands for an object, as a snapshot keeps it: plain JSON in the order in which it was added."""
    return digests_of(subject._meta.label_lower, [subject.pk])[subject.pk]


def digests_of(subject_kind: str, subject_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """The same for many objects of one kind, by id. One query."""
    found: dict[int, list[dict[str, Any]]] = {pk: [] for pk in subject_ids}
    rows = Evidence.objects.standing().filter(subject_kind=subject_kind, subject_id__in=list(found)).select_related("file").order_by("pk")
    for row in rows:
        found[row.subject_id].append({"id": row.pk, "kind": row.kind, "title": row.title, "is": content_of(row)})
    return found


def content_of(row: Evidence) -> str:
    """What the evidence is, in one line: a file's SHA-256, a link's address, an object's kind and id."""
    if row.kind == EvidenceKind.FILE and row.file is not None:
        return f"sha256:{row.file.sha256}"
    return row.url or f"{row.object_kind}:{row.object_id}"


def file_at(path: str) -> StoredFile | None:
    """The row of a file that lies at this path below the folder of stored files; None for a file that isn't ours."""
    folder, _, digest = path.partition("/")
    rows = StoredFile.objects.filter(sha256=digest.rpartition("/")[2], scope__isnull=folder == ORGANISATION)
    found = rows.filter(scope__in=[int(folder)]).first() if folder.isascii() and folder.isdigit() else rows.filter(scope=None).first()
    return found if found is not None and found.path == path else None


def subject_of(kind: str, pk: int, user: User) -> Any | None:
    """The object that evidence or a comment can be attached to, if this person may see it."""
    if attachable.get(kind) is None or subject_kinds.get(kind) is None:
        return None
    return subject_kinds[kind].find(pk, user)


def subject_behind(row: Any) -> Any | None:
    """The object that evidence or a comment is attached to, whoever asks."""
    return apps.get_model(row.subject_kind)._base_manager.filter(pk=row.subject_id).first()


def object_at(url: str, user: User) -> tuple[str, int] | None:
    """The kind and id of the portal's object whose page this is, if it is one that this person may see."""
    parts = urlsplit(url)
    own = urlsplit(settings.PUBLIC_URL)
    if (parts.scheme, parts.netloc) not in {(own.scheme, own.netloc), ("", "")} or not parts.path.startswith("/"):
        return None
    try:
        numbers = [value for value in resolve(parts.path).kwargs.values() if isinstance(value, int)]
    except Resolver404:
        return None
    for kind in subject_kinds if numbers else ():
        found = kind.find(numbers[0], user)
        if found is not None and kind.url(found).split("#")[0] == parts.path:
            return kind.slug, numbers[0]
    return None
