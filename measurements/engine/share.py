"""Taking, renewing and giving back leases and a grant of one work: what one pump says to the others, all through PostgreSQL."""

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
from measurements.engine.rights import has_right
from measurements.engine.work import Work
from measurements.enums import RunState

# Leases never held come first, those that somebody let expire last. The token grows with every change of hands.
_TAKE = """
with next as (
    select id, holder is not null as was_lost from lease
    where {of} and not is_done and (holder is null or expires_at <= clock_timestamp())
    order by holder is not null, number limit 1 for update skip locked
)
update lease l set holder = %(holder)s, token = l.token + 1, expires_at = clock_timestamp() + make_interval(secs => %(life)s::float)
from next where l.id = next.id
returning l.id, l.first_item, l.item_count, l.token, next.was_lost, l.first_output, l.last_output
"""
_OPEN = "select count(*) as open from lease where {of} and not is_done"
_RENEW = """
with mine as (select id from lease where {of} and holder = %(holder)s and not is_done order by id for update)
update lease l set expires_at = clock_timestamp() + make_interval(secs => %(life)s::float) from mine where l.id = mine.id
returning l.id, l.token
"""
_STATE = """
select {state}, r.budget_cost is not null or r.budget_tokens is not null as has_budget, s.stage = 'retired' as is_retired, {has_right} as has_right
from run r join ai_system s on s.scope_id = r.system_id {judging} where r.id = %(run)s
"""
_STATE_OF_RUN = _STATE.format(state="r.state", judging="", has_right=has_right("r", "r.system_id"))
_STATE_OF_JUDGING = _STATE.format(state="j.state", judging="join judging j on j.id = %(judging)s and j.run_id = r.id", has_right=has_right("j", "r.system_id"))
_GIVE_BACK = """
with mine as (select id from lease where {of} and holder = %(holder)s and not is_done order by id for update)
update lease l set holder = null, expires_at = null from mine where l.id = mine.id
"""
_NOTE = """
insert into attempt (run_id, judging_id, item, count, calls) select %(run)s, %(judging)s::bigint, item, 1, 0 from unnest(%(items)s::int[]) as item
on conflict (run_id, judging_id, item) do update set count = attempt.count + 1
returning item, count
"""
# An item handed on in good order: its pump lived, so the note that it was begun goes, and its calls are remembered.
_REMEMBER = """
insert into attempt (run_id, judging_id, item, count, calls, excused) select %(run)s, %(judging)s::bigint, item, crashes, calls, excused
from unnest(%(items)s::int[], %(crashes)s::int[], %(calls)s::int[], %(excused)s::int[]) as handed(item, crashes, calls, excused)
on conflict (run_id, judging_id, item) do update set count = excluded.count, calls = excluded.calls, excused = excluded.excused
"""


@dataclass(frozen=True)
class Tick:
    """What one round with the database brought: what may be called, the state of the work, and the tokens of the leases still held.

    A judging's states are some of a run's.
    """

    allowance: Allowance
    state: RunState
    tokens: dict[int, int]
    has_budget: bool
    is_retired: bool  # the system
    has_right: bool  # the person to whom the work belongs may still operate it


class Share:
    """One pump's part of the work, under a name (`holder`) that no other pump ever has."""

    def __init__(self, connection: Connection, work: Work) -> None:
        self._connection = connection
        self._work = work
        self._state = _STATE_OF_RUN if work.judging_id is None else _STATE_OF_JUDGING
        self.holder = uuid.uuid4()
        self.grant = Grant(self.holder)

    async def renew(self, need: Need) -> Tick:
        """Renew grant and leases in one transaction."""
        async with self._connection.transaction():
            allowance = await grants.renew(self._connection, self._work, self.grant, need)
            state = await self._fetch_one(self._state)
            held = await self._fetch_all(_RENEW, life=need.life_seconds) if allowance.standing is Standing.HELD else []
        if allowance.standing is Standing.HELD:
            self.grant.is_held, self.grant.slots = True, allowance.slots
        return Tick(allowance, RunState(state.state), {row.id: row.token for row in held}, state.has_budget, state.is_retired, state.has_right)

    async def other_holder(self) -> Any:
        return await grants.other_holder(self._connection, self._work, self.holder)

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

    async def give_back(self, unfinished: Sequence[Item], *, waits: float) -> RunState:
        """Hand leases and grant on in good order, with the calls made for unfinished items, and the seconds for which the endpoint asked not to be
        called if the work goes on. Returns the state of the work at that moment."""
        begun = [item for item in unfinished if item.calls or item.noted]
        async with self._connection.transaction():
            if begun:
                crashes = [item.crashes - item.noted for item in begun]
                calls, excused = [item.calls for item in begun], [item.excused for item in begun]
                await self._execute(_REMEMBER, items=[item.number for item in begun], crashes=crashes, calls=calls, excused=excused)
            await self._execute(_GIVE_BACK)
            state = RunState((await self._fetch_one(self._state)).state)
            await grants.give_back(self._connection, self.grant, waits=waits if state is RunState.RUNNING else 0.0)
        return state

    async def _execute(self, statement: str, **arguments: Any) -> psycopg.AsyncCursor[Any]:
        whose = {**self._work.whose, "holder": self.holder}
        return await self._connection.execute(statement.format(of=self._work.of), {**whose, **arguments})  # type: ignore[call-overload,no-any-return]

    async def _fetch_one(self, statement: str, **arguments: Any) -> Any:
        return await (await self._execute(statement, **arguments)).fetchone()

    async def _fetch_all(self, statement: str, **arguments: Any) -> list[Any]:
        return await (await self._execute(statement, **arguments)).fetchall()
