"""Items: what one call is made for. A pump reads them lease by lease and keeps no list of what is done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from measurements.engine.database import Connection
from systems.providers import Call

MOST_CRASHES = 3  # deaths of a pump while it watched an item; at so many the item is taken to be the cause
CHARACTERS_PER_TOKEN = 4  # rough, and corrected by what the endpoint reports

_REMEMBERED = "select item, count, calls, excused from attempt where {of} and item >= %(first)s and item < %(end)s"


@dataclass(frozen=True, slots=True)
class Take:
    """Tokens of one call, expected or reported."""

    prompt: float
    completion: float


class Trust(IntEnum):
    """How an item is begun. FRESH: at once. WATCHED: noted first, since a pump died over its lease. ALONE: noted, and with nothing else in flight."""

    FRESH = 0
    WATCHED = 1
    ALONE = 2


@dataclass(slots=True, kw_only=True)
class Item:
    """One call to be made under a lease, with what has happened to it so far."""

    lease_id: int
    number: int
    call: Call = field(repr=False)
    tokens: int  # estimate of what the call will take
    trust: Trust = Trust.FRESH
    crashes: int = 0
    calls: int = 0
    began_at: float = 0.0  # of the first call by this pump, by a clock that stands still while the endpoint is down
    noted: bool = False
    excused: int = 0  # of the calls: those that failed with an endpoint that failed for everything
    is_blamed: bool = False  # it failed while the endpoint worked, so its failures say nothing about the endpoint
    is_counted: bool = True  # not so the portal's own question to an endpoint
    last_error: str = ""  # of a call that failed and was made again
    reserved: Take | None = None  # of the budget, while its call is in flight


@dataclass(frozen=True, slots=True)
class Lease:
    """A stretch of items held by this pump under `token`. `was_lost`: the holder before let it expire.

    Of a judging, `first_output` and `last_output` are the ids of the first and the last output that it covers.
    """

    id: int
    first_item: int
    item_count: int
    token: int
    was_lost: bool
    first_output: int | None = None
    last_output: int | None = None

    @property
    def end(self) -> int:
        """The number after its last item's."""
        return self.first_item + self.item_count

    @property
    def is_new(self) -> bool:
        """Whether nobody held it before, so that nothing can be stored of it."""
        return self.token == 1


async def remembered(connection: Connection, of: str, whose: Mapping[str, Any], lease: Lease) -> dict[int, tuple[int, int, int]]:
    """Crashes, calls and excused ones of a lease's items that were begun before, by number. `of` is the condition for the work's rows, `whose` its values."""
    found = await connection.execute(_REMEMBERED.format(of=of), {**whose, "first": lease.first_item, "end": lease.end})  # type: ignore[call-overload]
    return {row.item: (row.count, row.calls, row.excused) for row in await found.fetchall()}


def output_key(configuration_digest: str, case_key: str, repeat: int) -> str:
    """The same configuration, case and repeat have the same key in every run."""
    return hashlib.sha256(f"{configuration_digest}:{case_key}:{repeat}".encode()).hexdigest()[:32]


def mark(item: Item, lease: Lease, crashes: int, calls: int, excused: int) -> None:
    """Say how far an item is to be trusted, by what is remembered of it."""
    item.crashes, item.calls, item.excused = crashes, calls, excused
    item.trust = Trust.ALONE if crashes else Trust.WATCHED if lease.was_lost else Trust.FRESH


def tokens_of(call: Call) -> int:
    """Tokens a call may take: a quarter of its characters, and the most it may answer where that is said."""
    characters = sum(len(message["content"]) for message in call.messages)
    return characters // CHARACTERS_PER_TOKEN + allowed_answer(call) + 1


def allowed_answer(call: Call) -> int:
    """Tokens that the answer may have at most; 0 where nothing is said."""
    allowed = call.parameters.get("max_completion_tokens", call.parameters.get("max_tokens"))
    return allowed if isinstance(allowed, int) else 0
