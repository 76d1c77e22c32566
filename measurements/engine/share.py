"""Taking, renewing and giving back a run's leases and grant: what one pump says to the others, all through PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from measurements.engine import grants
from measurements.engine.database import Connection
from measurements.engine.grants import Allowance, Grant, Need, Standing
from measurements.engine.items import Item, Lease
from measurements.engine.plan import RunPlan
from measurements.enums import RunState

# Leases never held come first, those that somebody let expire last. The token grows with every change of hands.
_TAKE = """
with next as (
    select id, holder is not null as was_lost from lease
    where run_id = %(run)s and not is_done and (holder is null or expires_at <= clock_timestamp())
    order by holder is not null, number limit 1 for update skip locked
)
update lease l set holder = %(holder)s, token = l.token + 1, expires_at = clock_timestamp() + make_interval(secs => %(life)s::float)
from next where l.id = next.id
returning l.id, l.first_item, l.item_count, l.token, next.was_lost
"""
_OPEN = "select count(*) as open from lease where run_id = %(run)s and not is_done"
_RENEW = """
with mine as (select id from lease where run_id = %(run)s and holder = %(holder)s and not is_done order by id for update)
update lease l set expires_at = clock_timestamp() + make_interval(secs => %(life)s::float) from mine where l.id = mine.id
returning l.id, l.token
"""
_STATE = "select state from run where id = %(run)s"
_GIVE_BACK = """
with mine as (select id from lease where run_id = %(run)s and holder = %(holder)s and not is_done order by id for update)
update lease l set holder = null, expires_at = null from mine where l.id = mine.id
"""
_NOTE = """
insert into attempt (run_id, item, count, calls) select %(run)s, item, 1, 0 from unnest(%(items)s::int[]) as item
on conflict (run_id, item) do update set count = attempt.count + 1
returning item, count
"""
# An item handed on in good order: its pump lived, so the note that it was begun goes, and its calls are remembered.
_REMEMBER = """
insert into attempt (run_id, item, count, calls) select %(run)s, item, crashes, calls
from unnest(%(items)s::int[], %(crashes)s::int[], %(calls)s::int[]) as handed(item, crashes, calls)
on conflict (run_id, item) do update set count = excluded.count, calls = excluded.calls
"""


@dataclass(frozen=True)
class Tick:
    """What one round with the database brought: what may be called, the run's state, and the tokens of the leases still held."""

    allowance: Allowance
    state: RunState
    tokens: dict[int, int]


class Share:
    """One pump's part of a run, under a name (`holder`) that no other pump ever has."""

    def __init__(self, connection: Connection, plan: RunPlan) -> None:
        self._connection = connection
        self._plan = plan
        self.holder = uuid.uuid4()
        self.grant = Grant(self.holder)

    async def renew(self, need: Need) -> Tick:
        """Renew grant and leases in one transaction."""
        async with self._connection.transaction():
            allowance = await grants.renew(self._connection, self._plan, self.grant, need)
            state = await self._fetch_one(_STATE)
            held = await self._fetch_all(_RENEW, life=need.life_seconds) if allowance.standing is Standing.HELD else []
        if allowance.standing is Standing.HELD:
            self.grant.is_held, self.grant.slots = True, allowance.slots
        return Tick(allowance, RunState(state.state), {row.id: row.token for row in held})

    async def other_holder(self) -> Any:
        return await grants.other_holder(self._connection, self._plan, self.holder)

    async def take(self, life_seconds: float) -> Lease | None:
        """The next lease that nobody holds, or whose holder let it expire; None if there is none."""
        row = await self._fetch_one(_TAKE, life=life_seconds)
        return Lease(*row) if row else None

    async def open_leases(self) -> int:
        return int((await self._fetch_one(_OPEN)).open)

    async def note(self, items: Sequence[Item]) -> None:
        """Write down that these items are about to be begun, so that it is known if they end this process."""
        rows = await self._fetch_all(_NOTE, items=[item.number for item in items])
        counts = {row.item: row.count for row in rows}
        for item in items:
            item.crashes, item.noted = counts[item.number], True

    async def give_back(self, unfinished: Sequence[Item]) -> RunState:
        """Hand leases and grant on in good order, with the calls made for unfinished items. Returns the run's state at that moment."""
        begun = [item for item in unfinished if item.calls or item.noted]
        async with self._connection.transaction():
            if begun:
                crashes = [item.crashes - item.noted for item in begun]
                calls = [item.calls for item in begun]
                await self._execute(_REMEMBER, items=[item.number for item in begun], crashes=crashes, calls=calls)
            await self._execute(_GIVE_BACK)
            await grants.give_back(self._connection, self.grant)
            state = await self._fetch_one(_STATE)
        return RunState(state.state)

    async def _execute(self, statement: str, **arguments: Any) -> psycopg.AsyncCursor[Any]:
        return await self._connection.execute(statement, {"run": self._plan.run_id, "holder": self.holder, **arguments})  # type: ignore[call-overload,no-any-return]

    async def _fetch_one(self, statement: str, **arguments: Any) -> Any:
        return await (await self._execute(statement, **arguments)).fetchone()

    async def _fetch_all(self, statement: str, **arguments: Any) -> list[Any]:
        return await (await self._execute(statement, **arguments)).fetchall()
