"""A judging as work for pumps: its items are the votes of a model judge on answers that it has not judged yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from measurements.engine import answers, votes
from measurements.engine.answers import Answer
from measurements.engine.database import Connection
from measurements.engine.items import Item, Lease, mark, remembered, tokens_of
from measurements.engine.votes import VoteItem
from measurements.engine.work import Work
from measurements.judges.model import Rubric, new_marker, question
from systems.providers import Call, Reply

# What a lease covers: the same rows at each reading, since this judge's judgements are written when the judging ends. `offset 0` has the planner
# look each output up by itself, never compare the stretch with everything that was ever judged.
_OUTPUTS = """
select o.id, o.text, c.messages from output o join measurement_case c on c.id = o.case_id
where o.run_id = %(run)s and o.id between %(first)s and %(last)s and o.outcome = 'answered' and not exists (
    select 1 from judgement j where j.output_id = o.id and j.metric_version_id = %(metric)s and j.judge_version_id = %(judge)s offset 0)
order by o.id
"""
_STORED = "select output_id, number from judge_vote where judging_id = %(judging)s and output_id between %(first)s and %(last)s"


@dataclass(frozen=True, kw_only=True)
class JudgingPlan(Work):
    """A judging's frozen plan: `votes` questions about each output, by one rubric."""

    metric_version_id: int
    judge_version_id: int
    votes: int
    rubric: Rubric

    async def read(self, connection: Connection, lease: Lease) -> list[Item]:
        """The votes of a lease that are not in. A lease never held before has none stored, so nothing is asked about it."""
        stretch = {**self.whose, "first": lease.first_output, "last": lease.last_output}
        judge = {"metric": self.metric_version_id, "judge": self.judge_version_id}
        outputs = await (await connection.execute(_OUTPUTS, {**stretch, **judge})).fetchall()
        if lease.is_new:
            return list(self._items(lease, outputs, set()))
        stored = {(row.output_id, row.number) for row in await (await connection.execute(_STORED, stretch)).fetchall()}
        begun = await remembered(connection, self.of, self.whose, lease)
        left = list[Item](self._items(lease, outputs, stored))
        for item in left:
            mark(item, lease, *begun.get(item.number, (0, 0, 0)))
        return left

    def answered(self, item: Item, token: int, reply: Reply) -> Answer:
        return answers.replied(item, token, reply)

    async def write(self, connection: Connection, answers: Sequence[Answer]) -> list[Any]:
        assert self.judging_id is not None
        return await votes.write(connection, self.judging_id, self.rubric, answers)

    def _items(self, lease: Lease, outputs: Sequence[Any], stored: set[tuple[int, int]]) -> Iterator[VoteItem]:
        for place, output in enumerate(outputs):
            for vote in range(self.votes):
                if (output.id, vote) not in stored:
                    yield self._item(lease, lease.first_item + place * self.votes + vote, output, vote)

    def _item(self, lease: Lease, number: int, output: Any, vote: int) -> VoteItem:
        """Each vote has a marker of its own, so that a judge which sends what it answered before can't be taken for one that agrees."""
        messages, parameters = question(self.rubric, output.messages, output.text, marker=new_marker(output.messages, output.text))
        call = Call(messages, {**self.parameters, **parameters})
        return VoteItem(lease_id=lease.id, number=number, call=call, tokens=tokens_of(call), output_id=output.id, vote=vote)
