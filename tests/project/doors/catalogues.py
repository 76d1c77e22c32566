"""The doors of the reference data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.project.door import ADMINISTERS, SIGNED_IN, a_change, a_page, api_list, by_pk, why

ENTRY_TABLES = "catalogue_entry catalogue_entry_version"
SHIPPED_ENTRY = by_pk(lambda world: world.shipped_entry, "entry_id")
EDITED_ENTRY = by_pk(lambda world: world.edited_entry, "entry_id")
ENDED_ENTRY = by_pk(lambda world: world.ended_entry, "entry_id")
ENTRY_ADDED: Mapping[str, Any] = {"slug": "high-seas", "title": "High seas", "reason": "Ships are there."}
ENTRY_CHANGED: Mapping[str, Any] = {"title": "Another title", "reason": "Tried by a test.", "seen": 1}
ENTRY_ENDED: Mapping[str, Any] = {"on": "2026-11-22", "reason": "Tried by a test."}
CATALOGUES = [
    a_page("Catalogues", "List the catalogues", "catalogue-list", SIGNED_IN),
    a_page("Catalogues", "Read a catalogue", "catalogue", SIGNED_IN, at=lambda world: {"slug": "regions"}),
    a_page("Catalogues", "Take a catalogue away as a file", "catalogue-export", SIGNED_IN, at=lambda world: {"slug": "regions", "format": "csv"}),
    a_page("Catalogues", "Read an entry", "catalogue-entry", SIGNED_IN, at=SHIPPED_ENTRY),
    a_page("Catalogues", "Open the form for an entry", "catalogue-entry-add", ADMINISTERS, at=lambda world: {"slug": "regions"}),
    a_change(
        *("Catalogues", "Add an entry", "catalogue-entry-add", ADMINISTERS, ENTRY_TABLES),
        at=lambda world: {"slug": "regions"},
        sent=lambda world: ENTRY_ADDED,
    ),
    a_page("Catalogues", "Open the form of an entry", "catalogue-entry-edit", ADMINISTERS, at=SHIPPED_ENTRY),
    a_change("Catalogues", "Change an entry", "catalogue-entry-edit", ADMINISTERS, ENTRY_TABLES, at=SHIPPED_ENTRY, sent=lambda world: ENTRY_CHANGED),
    a_change("Catalogues", "End an entry", "catalogue-entry-end", ADMINISTERS, ENTRY_TABLES, at=SHIPPED_ENTRY, sent=lambda world: ENTRY_ENDED),
    a_change("Catalogues", "Restore an entry", "catalogue-entry-restore", ADMINISTERS, ENTRY_TABLES, at=ENDED_ENTRY, sent=why),
    a_change("Catalogues", "Take over the shipped text", "catalogue-entry-take-over", ADMINISTERS, ENTRY_TABLES, at=EDITED_ENTRY, sent=why),
    api_list("API: catalogues", "List entries of catalogues", "catalogue-entry"),
    a_page("API: catalogues", "Read an entry", "api-catalogue-entry-detail", SIGNED_IN, at=by_pk(lambda world: world.shipped_entry)),
    a_change(
        *("API: catalogues", "Add an entry", "api-catalogue-entry-list", ADMINISTERS, ENTRY_TABLES),
        sent=lambda world: {**ENTRY_ADDED, "catalogue": "regions", "body": {}},
        status=201,
    ),
    a_change(
        *("API: catalogues", "Change an entry", "api-catalogue-entry-detail", ADMINISTERS, ENTRY_TABLES),
        at=by_pk(lambda world: world.shipped_entry),
        sent=lambda world: ENTRY_CHANGED,
        status=200,
        method="PATCH",
    ),
    *(
        a_change("API: catalogues", what, f"api-catalogue-entry-{name}", ADMINISTERS, ENTRY_TABLES, at=at, sent=sent, status=200)
        for what, name, at, sent in (
            ("End an entry", "end", by_pk(lambda world: world.shipped_entry), lambda world: ENTRY_ENDED),
            ("Restore an entry", "restore", by_pk(lambda world: world.ended_entry), why),
            ("Take over the shipped text", "take-over", by_pk(lambda world: world.edited_entry), why),
        )
    ),
]
