"""Full-text search by PostgreSQL: how texts are indexed, and how what somebody typed becomes a query.

One configuration holds for documents and queries, so that an index on `document(...)` serves every search for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector

CONFIGURATION = "english"  # stems English words; other languages are found by their words as they are
LONGEST_QUERY = 200  # characters
OPERATORS = re.compile(r'["]|(^|\s)-\w|\sor\s', re.IGNORECASE)  # what makes a query more than a list of words
WORD = re.compile(r"[^\W_]")
CODE = re.compile(r"\s*([A-Za-z]{1,3})-?0*(\d{1,18})\s*")


def document(title: str | Sequence[str], body: Sequence[str] = ()) -> Any:
    """The indexed text of a row: fields of the title count for more than those of the body."""
    titles = (title,) if isinstance(title, str) else tuple(title)
    heading = SearchVector(*titles, weight="A", config=CONFIGURATION)
    return heading + SearchVector(*body, weight="B", config=CONFIGURATION) if body else heading


@dataclass(frozen=True)
class Words:
    """What somebody looks for: as typed, as a query, and (H-07) as a code, if it has the shape of one."""

    typed: str
    query: SearchQuery | None
    code: tuple[str, int] | None

    def code_of(self, letters: str) -> int | None:
        """The number after these letters, when that is what was typed."""
        return self.code[1] if self.code is not None and self.code[0] == letters else None


def words_of(typed: str) -> Words:
    """Read a query. Quotes, “or” and a leading minus work as in a web search; else every word has to be there, the last one perhaps unfinished."""
    text = " ".join(typed.replace("\0", " ").split())[:LONGEST_QUERY]
    code = CODE.fullmatch(text)
    return Words(text, _query(text), (code[1].upper(), int(code[2])) if code else None)


def _query(text: str) -> SearchQuery | None:
    if OPERATORS.search(text):
        return SearchQuery(text, search_type="websearch", config=CONFIGURATION)
    found = [word.replace("\\", "").replace("'", "''") for word in text.split() if WORD.search(word)]  # PostgreSQL reads 1.6 or mail@host as one word
    if not found:
        return None
    raw = " & ".join([*(f"'{word}'" for word in found[:-1]), f"'{found[-1]}':*"])
    return SearchQuery(raw, search_type="raw", config=CONFIGURATION)
