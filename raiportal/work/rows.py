"""A search source made from a model: its visible rows, their indexed text, and how one of them is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db.models import F, Model, QuerySet
from django.db.models.functions import Left

from raiportal.accounts.models import User
from raiportal.work.sources import Found, Hit, SearchSource
from raiportal.work.text import CONFIGURATION, Words

MOST_RANKED = 1_000  # matches, newest first, of which the best are shown; a word that is everywhere must not cost a scan
MOST_OF_BODY = 20_000  # characters of a text that an excerpt is looked for in
START, STOP = "\x02", "\x03"  # mark the words in an excerpt; templates escape what is between


@dataclass(frozen=True)
class RowSearch:
    """How rows of one model are found. `document` is the expression that their index is made of; `excerpt` a field to quote, or "" for none.

    Fields that hold prompts, answers or secrets have no place in either. `letters` start the rows' codes, as H in H-07; `number` is what follows them.
    `through` leads to another model whose document it is: such rows are found by what they belong to, newest first.
    """

    rows: Callable[[User], QuerySet[Any]]
    document: Any
    show: Callable[[Any], Hit]
    excerpt: str = ""
    letters: str = ""
    number: str = "pk"
    through: tuple[str, type[Model]] | None = None


def row_source(slug: str, label: str, search: RowSearch, *, order: int = 0) -> SearchSource:
    return SearchSource(slug, label, lambda user, words, most: _find(search, user, words, most), order)


def _find(search: RowSearch, user: User, words: Words, most: int) -> Found:
    visible = search.rows(user)
    number = words.code_of(search.letters) if search.letters else None
    named = list(visible.filter(**{search.number: number})[:most]) if number is not None else []
    matching = _matching(search, visible, words.query, most + 1) if words.query is not None else []
    rows = [*named, *(row for row in matching if row.pk not in {found.pk for found in named})]
    return Found([_hit(search, row) for row in rows[:most]], has_more=len(rows) > most)


def _matching(search: RowSearch, visible: QuerySet[Any], query: SearchQuery, most: int) -> Sequence[Any]:
    if search.through is not None:
        path, related = search.through
        belonging = related._default_manager.alias(_document=search.document).filter(_document=query).order_by("-pk").values_list("pk", flat=True)
        return list(visible.filter(**{f"{path}__in": list(belonging[:MOST_RANKED])}).order_by("-pk")[:most])
    newest = visible.annotate(_document=search.document).filter(_document=query).order_by("-pk").values("pk")[:MOST_RANKED]
    best = visible.filter(pk__in=newest).annotate(_rank=SearchRank(search.document, query)).order_by("-_rank", "-pk")
    if search.excerpt:
        text = Left(F(search.excerpt), MOST_OF_BODY)
        quoted = SearchHeadline(text, query, config=CONFIGURATION, start_sel=START, stop_sel=STOP, max_words=24, min_words=12)
        best = best.annotate(_excerpt=quoted)
    return list(best[:most])


def _hit(search: RowSearch, row: Any) -> Hit:
    shown = search.show(row)
    return Hit(shown.title, shown.url, shown.where, shown.code, parts_of(getattr(row, "_excerpt", "")))


def parts_of(marked: str) -> list[tuple[str, bool]]:
    """An excerpt as pieces: those between the marks are the words that were looked for. Empty when none of them is in it."""
    if START not in marked:
        return []
    parts = []
    for index, piece in enumerate(marked.split(START)):
        inside, _, after = piece.partition(STOP) if index else ("", "", piece)
        parts += [(inside, True), (after, False)]
    return [(text, is_word) for text, is_word in parts if text]
