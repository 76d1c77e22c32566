"""Languages, jurisdictions and regions of a system, as the catalogues have them."""

from __future__ import annotations

from collections.abc import Sequence

from raiportal.catalogues import selectors as catalogues
from raiportal.errors import Invalid

CATALOGUES = {"languages": "languages", "jurisdictions": "jurisdictions", "regions": "regions"}  # of each field


def known_slugs(catalogue: str, chosen: Sequence[str], *, field: str) -> list[str]:
    """The chosen entries in the catalogue's order. Raises Invalid for one that it hasn't."""
    if not chosen:
        return []
    known = [slug for slug, _ in catalogues.choices(catalogue)]
    if unknown := sorted(set(chosen) - set(known)):
        raise Invalid(f"The catalogue has no “{unknown[0][:60]}”.", field=field)
    return [slug for slug in known if slug in chosen]


def titles(catalogue: str, slugs: Sequence[str]) -> list[str]:
    """Their names; of an entry that the catalogue lost, its slug."""
    if not slugs:
        return []
    named = catalogues.titles(catalogue)
    return [named.get(slug, slug) for slug in slugs]
