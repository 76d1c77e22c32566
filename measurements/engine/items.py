"""Items: one case asked once. A pump reads them lease by lease and keeps no list of what is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from measurements.engine.database import Connection
from measurements.engine.plan import RunPlan
from systems.providers import Call

MOST_CRASHES = 3  # deaths of a pump while it watched an item; at so many the item is taken to be the cause
CHARACTERS_PER_TOKEN = 4  # rough, and corrected by what the endpoint reports

_CASES = """
select id, position, key, stratum, messages from measurement_case
where version_id = %(version)s and position between %(first)s and %(last)s order by position
"""
# By case, never as an anti-join: for a new run the planner would compare each case with everything the run has stored.
_STORED = "select case_id, repeat from output where run_id = %(run)s and case_id = any(%(cases)s::bigint[])"
_REMEMBERED = "select item, count, calls from attempt where run_id = %(run)s and item >= %(first)s and item < %(end)s"


class Trust(IntEnum):
    """How an item is begun. FRESH: at once. WATCHED: noted first, since a pump died over its lease. ALONE: noted, and with nothing else in flight."""

    FRESH = 0
    WATCHED = 1
    ALONE = 2


@dataclass(slots=True)
class Item:
    """One case and repeat of a lease, with what has happened to it so far."""

    lease_id: int
    number: int
    case_id: int
    repeat: int
    key: str
    stratum: str
    call: Call = field(repr=False)
    tokens: int  # estimate of what the call will take
    trust: Trust = Trust.FRESH
    crashes: int = 0
    calls: int = 0
    began_at: float = 0.0  # monotonic; of the first call by this pump
    noted: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """A stretch of items held by this pump under `token`. `was_lost`: the holder before let it expire."""

    id: int
    first_item: int
    item_count: int
    token: int
    was_lost: bool


async def read(connection: Connection, plan: RunPlan, lease: Lease) -> list[Item]:
    """The items of a lease that have no output. A lease never held before has none stored, so nothing is asked about it."""
    first, end = lease.first_item, lease.first_item + lease.item_count
    arguments: dict[str, Any] = {"version": plan.version_id, "first": first // plan.repeats, "last": (end - 1) // plan.repeats}
    cases = await (await connection.execute(_CASES, arguments)).fetchall()
    stored: set[tuple[int, int]] = set()
    remembered: dict[int, tuple[int, int]] = {}
    if lease.token > 1:
        found = await connection.execute(_STORED, {"run": plan.run_id, "cases": [case.id for case in cases]})
        stored = {(row.case_id, row.repeat) for row in await found.fetchall()}
        found = await connection.execute(_REMEMBERED, {"run": plan.run_id, "first": first, "end": end})
        remembered = {row.item: (row.count, row.calls) for row in await found.fetchall()}
    items = _items(plan, lease, {case.position: case for case in cases})
    return [_marked(item, lease, *remembered.get(item.number, (0, 0))) for item in items if (item.case_id, item.repeat) not in stored]


def _items(plan: RunPlan, lease: Lease, cases: dict[int, Any]) -> Iterator[Item]:
    for number in range(lease.first_item, lease.first_item + lease.item_count):
        position, repeat = divmod(number, plan.repeats)
        case = cases[position]
        call = Call([*plan.head, *case.messages], plan.parameters)
        yield Item(lease.id, number, case.id, repeat, output_key(plan.configuration_digest, case.key, repeat), case.stratum, call, _tokens(call))


def output_key(configuration_digest: str, case_key: str, repeat: int) -> str:
    """The same configuration, case and repeat have the same key in every run."""
    return hashlib.sha256(f"{configuration_digest}:{case_key}:{repeat}".encode()).hexdigest()[:32]


def _marked(item: Item, lease: Lease, crashes: int, calls: int) -> Item:
    item.crashes, item.calls = crashes, calls
    item.trust = Trust.ALONE if crashes else Trust.WATCHED if lease.was_lost else Trust.FRESH
    return item


def _tokens(call: Call) -> int:
    """Tokens a call may take: a quarter of its characters, and the most it may answer where that is said."""
    characters = sum(len(message["content"]) for message in call.messages)
    allowed = call.parameters.get("max_completion_tokens", call.parameters.get("max_tokens"))
    return characters // CHARACTERS_PER_TOKEN + (allowed if isinstance(allowed, int) else 0) + 1
