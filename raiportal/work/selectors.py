"""What was found and what waits, put together over all sources for one person."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from raiportal.accounts.models import User
from raiportal.work.sources import Found, SearchSource, WorkItem, WorkSource, search_sources, work_sources
from raiportal.work.text import Words

HITS_A_KIND = 6  # on the page with every kind
HITS_OF_ONE_KIND = 50
MOST_OF_A_SOURCE = 100  # things of one kind that wait for one person; nobody reads more at once
SOON = datetime.timedelta(days=7)
URGENCIES = ("overdue", "soon", "waiting")


@dataclass(frozen=True)
class Group:
    """What was found of one kind."""

    source: SearchSource
    found: Found


def search(user: User, words: Words, *, kind: str = "") -> list[Group]:
    """The best hits of each kind (or of one, more of them), kinds without a hit left out; a fixed number of queries for each kind."""
    chosen = [source for source in search_sources if kind in ("", source.slug)]
    most = HITS_OF_ONE_KIND if kind else HITS_A_KIND
    groups = [Group(source, source.find(user, words, most)) for source in sorted(chosen, key=lambda entry: entry.order)]
    return [group for group in groups if group.found.hits]


@dataclass(frozen=True)
class Waiting:
    """One thing that waits, with its kind and how urgent it is."""

    source: WorkSource
    item: WorkItem
    urgency: str  # "overdue", "soon" or "waiting"


@dataclass(frozen=True)
class MyWork:
    """What waits for one person, most urgent first; `cut` names the kinds of which only the first hundred are listed."""

    items: Sequence[Waiting]
    cut: Sequence[str]

    def count(self, urgency: str) -> int:
        return sum(waiting.urgency == urgency for waiting in self.items)


def my_work(user: User, now: datetime.datetime) -> MyWork:
    """Everything that waits for this person over all apps; a fixed number of queries for each kind."""
    loaded = [(source, source.load(user, now, MOST_OF_A_SOURCE + 1)) for source in sorted(work_sources, key=lambda entry: entry.order)]
    waiting = [Waiting(source, item, urgency_of(item, now)) for source, items in loaded for item in items[:MOST_OF_A_SOURCE]]
    cut = [source.label for source, items in loaded if len(items) > MOST_OF_A_SOURCE]
    return MyWork(sorted(waiting, key=lambda entry: order_of(entry.item, now)), cut)


def urgency_of(item: WorkItem, now: datetime.datetime) -> str:
    if item.due_at is None or item.due_at > now + SOON:
        return "waiting"
    return "overdue" if item.due_at <= now else "soon"


def order_of(item: WorkItem, now: datetime.datetime) -> tuple[int, float, int, float]:
    """Overdue first, the longest overdue on top; then what is due soon; then by rank, the longest waiting on top."""
    place = URGENCIES.index(urgency_of(item, now))
    due = item.due_at.timestamp() if item.due_at and item.due_at <= now + SOON else 0.0
    since = item.since or now
    return place, due, item.rank, since.timestamp()
