"""What a run has spent of its budget, judging included: from lease counters, never from counting rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from measurements.enums import PauseCause
from measurements.models import Judging, Run
from measurements.selectors.progress import PRICE_UNIT_TOKENS

# Of each work by the prices of its own snapshot. Pumps ask the same statement.
SPENT = """
with summed as (
    select judging_id, sum(prompt_tokens) as prompt, sum(completion_tokens) as completion from lease where run_id = %(run)s group by judging_id
), priced as (
    select s.prompt, s.completion, (case when s.judging_id is null then r.snapshot else j.snapshot end) -> 'deployment' -> 'prices' as prices
    from summed s join run r on r.id = %(run)s left join judging j on j.id = s.judging_id
)
select r.budget_cost, r.budget_tokens, (select coalesce(sum(prompt + completion), 0)::bigint from priced) as tokens,
       (select coalesce(sum(prompt * (prices ->> 'input')::numeric + completion * (prices ->> 'output')::numeric), 0) / %(unit)s from priced) as cost,
       (select coalesce(bool_and(prices ->> 'input' is not null and prices ->> 'output' is not null) filter (where prompt + completion > 0), true)
        from priced) as is_priced
from run r where r.id = %(run)s
"""


@dataclass(frozen=True)
class Spent:
    """What a run may spend and what it has spent; `cost` in its deployment's currency, without what has no known price."""

    budget_cost: Decimal | None
    budget_tokens: int | None
    tokens: int
    cost: Decimal
    is_priced: bool  # whether every price is known that the cost is made of

    @property
    def is_limited(self) -> bool:
        return self.budget_cost is not None or self.budget_tokens is not None

    @property
    def is_used_up(self) -> bool:
        return (self.budget_cost is not None and self.cost >= self.budget_cost) or (self.budget_tokens is not None and self.tokens >= self.budget_tokens)


def spending_of(run: Run) -> Spent:
    """What the run and its judgings have spent, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(SPENT, {"run": run.pk, "unit": PRICE_UNIT_TOKENS})
        return Spent(*cursor.fetchone())


def budget_used_up(paused: Run | Judging) -> str | None:
    """Why a paused run or judging can't go on, if it is for its run's budget; None otherwise.

    One that its budget has paused needs a higher one: `change_budget` takes the pause's detail away, since it doesn't hold any more.
    """
    run = paused.run if isinstance(paused, Judging) else paused
    if run.budget_cost is None and run.budget_tokens is None:
        return None
    if (paused.cause == PauseCause.BUDGET and paused.cause_detail) or spending_of(run).is_used_up:
        return f"The run's budget is used up: give it a higher one. {paused.cause_detail}".strip()
    return None
