"""A run as work for pumps: its items are its cases, each asked as often as the run repeats them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measurements.engine import answers, outputs
from measurements.engine.answers import Answer
from measurements.engine.database import Connection
from measurements.engine.items import Item, Lease, mark, output_key, remembered, tokens_of
from measurements.engine.judging import Judges
from measurements.engine.outputs import CaseItem
from measurements.engine.work import Work
from systems.providers import Call, Outcome, Reply

_CASES = """
select id, position, key, stratum, messages from measurement_case
where version_id = %(version)s and position between %(first)s and %(last)s order by position
"""
# By case, never as an anti-join: for a new run the planner would compare each case with everything the run has stored.
_STORED = "select case_id, repeat from output where run_id = %(run)s and case_id = any(%(cases)s::bigint[])"


@dataclass(frozen=True, kw_only=True)
class RunPlan(Work):
    """A run's frozen plan. `head`: messages before those of each case, the metaprompt or nothing."""

    version_id: int
    repeats: int
    configuration_digest: str
    head: Sequence[Mapping[str, str]]
    judges: Judges

    async def read(self, connection: Connection, lease: Lease) -> list[Item]:
        """The items of a lease that have no output. A lease never held before has none stored, so nothing is asked about it."""
        arguments = {"version": self.version_id, "first": lease.first_item // self.repeats, "last": (lease.end - 1) // self.repeats}
        cases = await (await connection.execute(_CASES, arguments)).fetchall()
        items = self._items(lease, {case.position: case for case in cases})
        return list(items) if lease.is_new else await self._unanswered(connection, lease, list(items))

    def answered(self, item: Item, token: int, reply: Reply) -> Answer:
        """The answer in a reply, judged where it holds a text to judge."""
        return answers.replied(item, token, reply, self.judges.find(reply.text, reply.filters) if reply.outcome is Outcome.ANSWERED else ())

    async def write(self, connection: Connection, answers: Sequence[Answer]) -> list[Any]:
        return await outputs.write(connection, self.run_id, answers)

    async def _unanswered(self, connection: Connection, lease: Lease, items: Sequence[CaseItem]) -> list[Item]:
        found = await connection.execute(_STORED, {"run": self.run_id, "cases": list({item.case_id for item in items})})
        stored = {(row.case_id, row.repeat) for row in await found.fetchall()}
        begun = await remembered(connection, self.of, self.whose, lease)
        left = [item for item in items if (item.case_id, item.repeat) not in stored]
        for item in left:
            mark(item, lease, *begun.get(item.number, (0, 0, 0)))
        return list[Item](left)

    def _items(self, lease: Lease, cases: dict[int, Any]) -> Iterator[CaseItem]:
        for number in range(lease.first_item, lease.end):
            position, repeat = divmod(number, self.repeats)
            case = cases[position]
            call = Call([*self.head, *case.messages], self.parameters)
            yield CaseItem(
                lease_id=lease.id,
                number=number,
                call=call,
                tokens=tokens_of(call),
                case_id=case.id,
                repeat=repeat,
                key=output_key(self.configuration_digest, case.key, repeat),
                stratum=case.stratum,
            )
