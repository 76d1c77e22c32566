"""A run's budget in money or tokens: what is spent, what calls in flight may take, and whether the next one still fits.

Spent is the sum over all leases of the run, those of its judgings included, each by the prices of its own snapshot. A call is started only if its
estimate fits with everything in flight, so that near the end fewer calls run side by side until the next one fits no more. What a run may spend
beyond its budget is thus what calls in flight take beyond their estimates: nothing but a mistaken count of the prompt's tokens where the
parameters limit the answer, else what an answer is longer than any before it. Calls that bring no answer report no tokens and count nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from measurements.engine.database import Connection
from measurements.engine.items import CHARACTERS_PER_TOKEN, Item, Take, allowed_answer
from measurements.selectors.progress import PRICE_UNIT_TOKENS
from measurements.selectors.spending import SPENT, Spent

FIRST_COMPLETION_TOKENS = 1_000  # of an answer, while none has come and no parameter limits it

QUESTION_CHARACTERS = 2_000  # of what a judge is asked, besides the metric's words, the prompt and the answer

# Answers and votes whose endpoint reported no tokens, by their characters. Asked once a pump, and only of runs with a budget.
_UNREPORTED = """
select coalesce(sum(prompt), 0)::bigint as prompt, coalesce(sum(completion), 0)::bigint as completion from (
    select length(c.messages::text) as prompt, length(o.text) as completion
    from output o join measurement_case c on c.id = o.case_id
    where o.run_id = %(run)s and o.outcome in ('answered', 'refused', 'output_blocked') and o.prompt_tokens is null
    union all
    select %(question)s + length(m.definition || m.harmful_examples || m.harmless_examples) + length(c.messages::text) + length(o.text),
           length(v.explanation) + length(v.text)
    from judging j join judge_vote v on v.judging_id = j.id join metric_version m on m.id = j.metric_version_id
    join output o on o.id = v.output_id join measurement_case c on c.id = o.case_id
    where j.run_id = %(run)s and v.outcome in ('judged', 'unparseable', 'refused') and v.prompt_tokens is null
) unreported
"""


@dataclass(frozen=True)
class Prices:
    """Of a million tokens; None where unknown."""

    input: float | None
    output: float | None

    @classmethod
    def of_snapshot(cls, prices: Mapping[str, Any]) -> Prices:
        return cls(*(None if prices[side] is None else float(prices[side]) for side in ("input", "output")))

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float:
        return (prompt_tokens * (self.input or 0.0) + completion_tokens * (self.output or 0.0)) / PRICE_UNIT_TOKENS


async def read(connection: Connection, run_id: int) -> Spent:
    (row,) = await (await connection.execute(SPENT, {"run": run_id, "unit": PRICE_UNIT_TOKENS})).fetchall()
    return Spent(row.budget_cost, row.budget_tokens, row.tokens, row.cost, row.is_priced)


async def read_unreported(connection: Connection, run_id: int) -> Take:
    """What answers may have taken whose tokens nobody reported."""
    (row,) = await (await connection.execute(_UNREPORTED, {"run": run_id, "question": QUESTION_CHARACTERS})).fetchall()
    return Take(row.prompt / CHARACTERS_PER_TOKEN, row.completion / CHARACTERS_PER_TOKEN)


class Purse:
    """One pump's view of the budget. Without a budget it allows everything and costs nothing."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._spent: Spent | None = None
        self._held_tokens, self._held_cost = 0.0, 0.0  # in flight, or come and not counted in `_spent`
        self._unreported: Take | None = None
        self._longest_answer = 0
        self._expected, self._reported = 0.0, 0.0  # tokens of all prompts so far

    @property
    def is_limited(self) -> bool:
        return self._spent is not None

    def heed(self, spent: Spent, in_flight: Iterable[Item], unstored: Iterable[Take], unreported: Take | None) -> None:
        """Take over what the database says, and count anew what it doesn't know yet."""
        self._spent = spent if spent.is_limited else None
        self._unreported = self._unreported or unreported
        self._held_tokens = self._held_cost = 0.0
        if self._spent is not None:
            for item in in_flight:
                item.reserved = item.reserved or self.estimate(item)
                self._hold(item.reserved, 1)
            for take in (*unstored, *([self._unreported] if self._unreported else [])):
                self._hold(take, 1)

    def estimate(self, item: Item) -> Take:
        """What a call may take: its prompt by characters, and the longest answer that its parameters allow or that came so far."""
        allowed = allowed_answer(item.call)
        return Take((item.tokens - allowed) * self._prompt_factor, allowed or self._longest_answer or FIRST_COMPLETION_TOKENS)

    def fits(self, item: Item) -> bool:
        """Whether the call can be started without passing the budget, as far as anybody can know."""
        if self._spent is None:
            return True
        take = self.estimate(item)
        tokens = self._spent.tokens + self._held_tokens + take.prompt + take.completion
        cost = float(self._spent.cost) + self._held_cost + self._prices.cost(take.prompt, take.completion)
        too_many = self._spent.budget_tokens is not None and tokens > self._spent.budget_tokens
        return not (too_many or (self._spent.budget_cost is not None and cost > float(self._spent.budget_cost)))

    def reserve(self, item: Item) -> None:
        if self._spent is not None:
            item.reserved = self.estimate(item)
            self._hold(item.reserved, 1)

    def release(self, item: Item) -> None:
        """The call brought no answer."""
        if item.reserved is not None:
            self._hold(item.reserved, -1)
            item.reserved = None

    def charge(self, item: Item, prompt_tokens: int | None, completion_tokens: int | None) -> Take:
        """Put what an answer took in place of its estimate; where the endpoint doesn't say, the estimate stays."""
        expected = item.reserved or self.estimate(item)
        self.release(item)
        if prompt_tokens is None:
            took = expected
            if self._spent is not None:
                before = self._unreported or Take(0.0, 0.0)
                self._unreported = Take(before.prompt + took.prompt, before.completion + took.completion)
        else:
            took = Take(prompt_tokens, completion_tokens or 0)
            self._learn(item, took)
        if self._spent is not None:
            self._hold(took, 1)
        return took

    def sentence(self, item: Item, currency: str) -> str:
        """Why the next call is not made, for a person."""
        spent, take = self._spent, self.estimate(item)
        if spent is None:
            return ""
        parts = []
        if spent.budget_cost is not None:
            cost = float(spent.cost) + self._held_cost
            parts.append(f"It has spent {cost:,.4f} of {spent.budget_cost:,.4f} {currency}; the next call may cost {self._cost(take):,.4f}.")
        if spent.budget_tokens is not None:
            tokens = round(spent.tokens + self._held_tokens)
            parts.append(f"It has used {tokens:,} of {spent.budget_tokens:,} tokens; the next call may take {round(take.prompt + take.completion):,}.")
        return " ".join(parts)

    def _cost(self, take: Take) -> float:
        return self._prices.cost(take.prompt, take.completion)

    def _hold(self, take: Take, sign: int) -> None:
        self._held_tokens += sign * (take.prompt + take.completion)
        self._held_cost += sign * self._cost(take)

    @property
    def _prompt_factor(self) -> float:
        """How many times more tokens prompts take than their characters let expect."""
        return max(1.0, self._reported / self._expected) if self._expected else 1.0

    def _learn(self, item: Item, took: Take) -> None:
        self._longest_answer = max(self._longest_answer, round(took.completion))
        self._expected += item.tokens - allowed_answer(item.call)
        self._reported += took.prompt
