"""Loading what is shipped, and changing reference data here."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.catalogues import files, policies
from raiportal.catalogues.enums import Origin
from raiportal.catalogues.files import CONTENT, ShippedEntry, digest_of
from raiportal.catalogues.kinds import CatalogueKind, catalogues
from raiportal.catalogues.models import CatalogueEntry, CatalogueFile, EntryVersion
from raiportal.checks import require_clean, require_text
from raiportal.errors import Conflict, Invalid, Missing

SHIPPED_REASON = "Shipped with the portal"
NO_LONGER_SHIPPED = "No longer shipped with the portal"
DATES = ("valid_from", "valid_to", "verified_on")


@transaction.atomic
def load_catalogue(*, kind: CatalogueKind, text: str, actor: User) -> int:
    """Bring a shipped file into entries. Returns how many entries were added, changed or ended; a file that is loaded already costs one query.

    What was edited here stays, with the shipped text beside it; what is no longer shipped is ended. Raises BadFile, and then nothing is changed.
    """
    policies.may_edit_catalogue(actor).require()
    digest = hashlib.sha256(text.encode()).hexdigest()
    loaded = _lock_catalogue(kind.slug)
    if loaded is not None and loaded.digest == digest:
        return 0
    shipped = files.read(kind, text)
    now = clocks.now()
    present = {entry.slug: entry for entry in CatalogueEntry.objects.select_for_update().filter(catalogue=kind.slug)}
    added = _add([(place, entry) for place, entry in enumerate(shipped, start=1) if entry.slug not in present], kind, actor)
    changed = _change([(place, present[entry.slug], entry) for place, entry in enumerate(shipped, start=1) if entry.slug in present], actor)
    ended = _end_unshipped(present, {entry.slug for entry in shipped}, now.date(), actor)
    file, _ = CatalogueFile.objects.update_or_create(slug=kind.slug, defaults={"digest": digest, "loaded_at": now})
    counts: dict[str, Any] = {"added": len(added), "changed": len(changed), "ended": len(ended)}
    if any(counts.values()):
        ledger.record("catalogues.catalogue_loaded", subject=file, actor=actor, digest=digest, entries=[*changed, *ended], **counts)
    _apply(kind, actor)
    return sum(counts.values())


def load_all(actor: User) -> dict[str, int]:
    """Load the shipped file of every catalogue. Returns the number of changes of each."""
    return {kind.slug: load_catalogue(kind=kind, text=kind.file.read_text(encoding="utf-8"), actor=actor) for kind in catalogues}


@transaction.atomic
def add_entry(*, catalogue: str, slug: str, content: Mapping[str, Any], reason: str, actor: User) -> CatalogueEntry:
    """Add an entry of one's own. `content` as in `EntryVersion.content`."""
    policies.may_edit_catalogue(actor).require()
    kind = _kind(catalogue)
    reason = require_text(reason, field="reason", sentence="Say why.")
    _lock_catalogue(catalogue)
    if CatalogueEntry.objects.filter(catalogue=catalogue, slug=slug).exists():
        raise Conflict("There is an entry of this short name already.", code="taken")
    last = CatalogueEntry.objects.filter(catalogue=catalogue).order_by("-position").values_list("position", flat=True).first() or 0
    checked = _checked(kind, content)
    entry = CatalogueEntry(catalogue=catalogue, slug=slug, position=last + 1, origin=Origin.EDITED, **checked)
    require_clean(entry)
    entry.save(force_insert=True)
    _write_version(entry, Origin.EDITED, checked, reason, actor)
    ledger.record("catalogues.entry_added", subject=entry, actor=actor, reason=reason, catalogue=catalogue, slug=slug)
    _apply(kind, actor)
    return entry


@transaction.atomic
def edit_entry(*, entry_id: int, content: Mapping[str, Any], reason: str, seen: int, actor: User) -> CatalogueEntry:
    """Make a new version of an entry. `seen` is the version number that was looked at: somebody else's change since then is not overwritten."""
    policies.may_edit_catalogue(actor).require()
    entry = _locked(entry_id)
    reason = require_text(reason, field="reason", sentence="Say why it changes.")
    if entry.number != seen:
        raise Conflict("Somebody changed this entry meanwhile. Open it again and look at what it says now.", code="stale")
    checked = _checked(_kind(entry.catalogue), content)
    if digest_of(_plain(checked)) == digest_of(_content_of(entry)):
        raise Invalid("Nothing was changed.", code="unchanged")
    return _revise(entry, Origin.EDITED, checked, reason, "catalogues.entry_changed", actor)


@transaction.atomic
def take_over_shipped(*, entry_id: int, reason: str, actor: User) -> CatalogueEntry:
    """Let the newest shipped text hold again."""
    policies.may_edit_catalogue(actor).require()
    entry = _locked(entry_id)
    reason = require_text(reason, field="reason", sentence="Say why.")
    if entry.shipped_number is None or entry.origin == Origin.SHIPPED:
        raise Conflict("There is no other shipped text for this entry.", code="not_shipped")
    shipped = EntryVersion.objects.get(entry=entry, number=entry.shipped_number)
    return _revise(entry, Origin.SHIPPED, _dated(shipped.content), reason, "catalogues.entry_taken_over", actor)


@transaction.atomic
def end_entry(*, entry_id: int, on: datetime.date, reason: str, actor: User) -> CatalogueEntry:
    """Let an entry hold no longer from the day after `on`; what refers to it keeps doing so."""
    return _set_end(entry_id, on, reason, "catalogues.entry_ended", actor)


@transaction.atomic
def restore_entry(*, entry_id: int, reason: str, actor: User) -> CatalogueEntry:
    return _set_end(entry_id, None, reason, "catalogues.entry_restored", actor)


def _set_end(entry_id: int, on: datetime.date | None, reason: str, action: str, actor: User) -> CatalogueEntry:
    policies.may_edit_catalogue(actor).require()
    entry = _locked(entry_id)
    reason = require_text(reason, field="reason", sentence="Say why.")
    if on is not None and entry.valid_from is not None and on < entry.valid_from:
        raise Invalid("It can't end before it begins.", field="valid_to")
    if entry.valid_to == on:
        raise Conflict("That is so already.", code="unchanged")
    content = _dated({**_content_of(entry), "valid_to": on.isoformat() if on else None})
    return _revise(entry, Origin.EDITED, content, reason, action, actor)


@transaction.atomic
def apply_all(actor: User) -> None:
    """Bring every catalogue's entries into the rows that are made from them; for days on which entries end. Changes nothing that is so already."""
    policies.may_edit_catalogue(actor).require()
    for kind in catalogues:
        _apply(kind, actor)


# --- Loading ---
def _add(shipped: Sequence[tuple[int, ShippedEntry]], kind: CatalogueKind, actor: User) -> list[str]:
    made = CatalogueEntry.objects.bulk_create(
        CatalogueEntry(catalogue=kind.slug, slug=entry.slug, position=place, shipped_number=1, origin=Origin.SHIPPED, **_dated(entry.content))
        for place, entry in shipped
    )
    EntryVersion.objects.bulk_create(
        _version(row, 1, Origin.SHIPPED, entry.content, SHIPPED_REASON, actor) for row, (_, entry) in zip(made, shipped, strict=True)
    )
    return [entry.slug for _, entry in shipped]


def _change(rows: Sequence[tuple[int, CatalogueEntry, ShippedEntry]], actor: User) -> list[str]:
    """Entries whose shipped text differs from the shipped text before."""
    shipped_before = _shipped_digests([row for _, row, _ in rows])
    changed = []
    for place, row, entry in rows:
        if row.position != place:
            CatalogueEntry.objects.filter(pk=row.pk).update(position=place)
        if shipped_before.get(row.pk) != entry.digest:
            _take_shipped(row, entry, actor)
            changed.append(entry.slug)
    return changed


def _shipped_digests(rows: Sequence[CatalogueEntry]) -> dict[int, str]:
    newest = EntryVersion.objects.filter(entry__in=rows, origin=Origin.SHIPPED).order_by("entry_id", "-number").distinct("entry_id")
    return dict(newest.values_list("entry_id", "digest"))


def _take_shipped(row: CatalogueEntry, entry: ShippedEntry, actor: User) -> None:
    """A new shipped version; it holds at once unless the entry was edited here."""
    last = EntryVersion.objects.filter(entry=row).order_by("-number").values_list("number", flat=True)[0]
    _version(row, last + 1, Origin.SHIPPED, entry.content, SHIPPED_REASON, actor).save(force_insert=True)
    row.shipped_number = last + 1
    if row.origin == Origin.SHIPPED:
        row.number = last + 1
        for name, value in _dated(entry.content).items():
            setattr(row, name, value)
    row.save()


def _end_unshipped(present: Mapping[str, CatalogueEntry], shipped: set[str], today: datetime.date, actor: User) -> list[str]:
    """End entries that the file had and has no more; those added or edited here stay."""
    gone = [entry for slug, entry in present.items() if slug not in shipped and entry.origin == Origin.SHIPPED and entry.valid_to is None]
    for entry in gone:
        ends = max(today, entry.valid_from or today)
        content = {**_content_of(entry), "valid_to": ends.isoformat()}
        _take_shipped(entry, ShippedEntry(entry.slug, content), actor)
    return [entry.slug for entry in gone]


# --- Versions ---
def _revise(entry: CatalogueEntry, origin: Origin, content: Mapping[str, Any], reason: str, action: str, actor: User) -> CatalogueEntry:
    last = EntryVersion.objects.filter(entry=entry).order_by("-number").values_list("number", flat=True)[0]
    shipped = {"shipped_number": last + 1} if origin == Origin.SHIPPED else {}
    plain = _plain(content)
    ledger.apply_changes(entry, actor=actor, action=action, reason=reason, number=last + 1, origin=origin, **shipped, **_dated(plain))
    _write_version(entry, origin, content, reason, actor)
    _apply(_kind(entry.catalogue), actor)
    return entry


def _write_version(entry: CatalogueEntry, origin: Origin, content: Mapping[str, Any], reason: str, actor: User) -> None:
    _version(entry, entry.number, origin, _plain(content), reason, actor).save(force_insert=True)


def _version(entry: CatalogueEntry, number: int, origin: Origin, content: dict[str, Any], reason: str, actor: User) -> EntryVersion:
    return EntryVersion(entry=entry, number=number, origin=origin, content=content, digest=digest_of(content), reason=reason, created_by=actor)


def _checked(kind: CatalogueKind, content: Mapping[str, Any]) -> dict[str, Any]:
    title = require_text(str(content.get("title", "")), field="title", sentence="Give the entry a title.")
    begins, ends = content.get("valid_from"), content.get("valid_to")
    if begins and ends and ends < begins:
        raise Invalid("It can't end before it begins.", field="valid_to")
    texts = {name: str(content.get(name) or "").strip() for name in ("source", "source_version")}
    return {"title": title, "body": kind.checked(content.get("body", {})), **texts, **{name: content.get(name) for name in DATES}}


def _content_of(entry: CatalogueEntry) -> dict[str, Any]:
    return _plain({name: getattr(entry, name) for name in CONTENT})


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """With dates as texts, as versions keep them."""
    return {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in content.items()}


def _dated(content: Mapping[str, Any]) -> dict[str, Any]:
    """With dates as dates, as entries keep them."""
    return {name: datetime.date.fromisoformat(value) if name in DATES and isinstance(value, str) else value for name, value in content.items()}


def _apply(kind: CatalogueKind, actor: User) -> None:
    if kind.apply is not None:
        kind.apply(list(CatalogueEntry.objects.filter(catalogue=kind.slug).order_by("position", "pk")), actor)


def _lock_catalogue(slug: str) -> CatalogueFile | None:
    """Whoever changes a catalogue waits here for others who do: applying reads all its entries, and must not bring back what one of them said before."""
    return CatalogueFile.objects.select_for_update().filter(slug=slug).first()


def _locked(entry_id: int) -> CatalogueEntry:
    catalogue = CatalogueEntry.objects.filter(pk=entry_id).values_list("catalogue", flat=True).first()
    if catalogue is None:
        raise Missing("This entry isn't there any more.")
    _lock_catalogue(catalogue)
    return CatalogueEntry.objects.select_for_update().get(pk=entry_id)


def _kind(catalogue: str) -> CatalogueKind:
    kind = catalogues.get(catalogue)
    if kind is None:
        raise Missing("There is no such catalogue.")
    return kind
