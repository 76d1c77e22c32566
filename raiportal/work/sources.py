"""What apps offer to search and to the list of what waits for a person. Both start from what this person may see."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from raiportal.accounts.models import User
from raiportal.registry import Registry
from raiportal.work.text import Words


@dataclass(frozen=True)
class Hit:
    """One thing found. `excerpt` is where the words stand, as (text, is it one of the words) in turn; never a prompt or a model's answer."""

    title: str
    url: str
    where: str = ""  # the system that it belongs to
    code: str = ""
    excerpt: Sequence[tuple[str, bool]] = ()


@dataclass(frozen=True)
class Found:
    """What one source found: its best hits, and whether there are more than these."""

    hits: Sequence[Hit] = ()
    has_more: bool = False


@dataclass(frozen=True)
class SearchSource:
    """One kind of thing that can be found. `find` takes who looks, the words and how many hits at most; a fixed number of queries."""

    slug: str
    label: str
    find: Callable[[User, Words, int], Found]
    order: int = 0


@dataclass(frozen=True)
class WorkItem:
    """One thing that waits for this person: what, why (one sentence), where to do it and the button's words.

    `rank` orders what has no date, lowest first: 10 somebody else waits, 20 work stands still, 30 something will lapse, 40 a gap.
    """

    title: str
    why: str
    url: str
    act: str
    rank: int
    system: str = ""
    due_at: datetime.datetime | None = None
    since: datetime.datetime | None = None


@dataclass(frozen=True)
class WorkSource:
    """One kind of work. `load` takes the person, this moment and how many items at most; a fixed number of queries."""

    slug: str
    label: str
    load: Callable[[User, datetime.datetime, int], Sequence[WorkItem]]
    order: int = 0


search_sources: Registry[SearchSource] = Registry(SearchSource)
work_sources: Registry[WorkSource] = Registry(WorkSource)
