"""What a pump works on: the cases of a run, or the votes of a judging. Both are numbered items, cut into leases, for one endpoint to answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from measurements.engine.answers import Answer
from measurements.engine.database import Connection
from measurements.engine.items import Item, Lease
from systems.providers import Reply, Target

# Conditions for the rows of one work in the tables that runs and judgings share.
OF_RUN = "run_id = %(run)s and judging_id is null"
OF_JUDGING = "run_id = %(run)s and judging_id = %(judging)s"


@dataclass(frozen=True, kw_only=True)
class Work(ABC):
    """A frozen plan, and the key to its endpoint. `judging_id` None: the run's own cases."""

    run_id: int
    judging_id: int | None = None
    max_concurrency: int
    deployment_id: int
    endpoint: Mapping[str, str]  # what the deployment has to say still, or it is not called
    target: Target
    api_key: str = field(repr=False)
    deadline_seconds: float
    parameters: Mapping[str, Any]
    prices: Mapping[str, Any]  # "input" and "output" of a million tokens as decimal texts or None, and their "currency"

    @property
    def whose(self) -> dict[str, int | None]:
        """Values for `of`, and for rows to be added."""
        return {"run": self.run_id, "judging": self.judging_id}

    @property
    def named(self) -> dict[str, int | None]:
        """How the log names it."""
        return {"run_id": self.run_id, "judging_id": self.judging_id}

    @property
    def of(self) -> str:
        return OF_RUN if self.judging_id is None else OF_JUDGING

    @abstractmethod
    async def read(self, connection: Connection, lease: Lease) -> list[Item]:
        """The items of a lease that are not answered yet."""

    @abstractmethod
    def answered(self, item: Item, token: int, reply: Reply) -> Answer:
        """What a reply to an item comes to."""

    @abstractmethod
    async def write(self, connection: Connection, answers: Sequence[Answer]) -> list[Any]:
        """Store answers and count them on their leases, in one statement that commits by itself.

        A lease is locked first, and only under the token that the answers name; an answer that is there already stands. Returns a row
        (id, is_done, ended) for each lease that is still held. Raises psycopg.DataError when PostgreSQL refuses a value.
        """
