"""State machines, written once. `Workflow.advance` is the only function that writes a state field.

An app's `workflow.py` holds its table of moves; its actions wrap `advance` and add what is special to a move; `available` feeds
buttons and API alike. Three refusals, three errors: not you (PolicyDenied), not now (WrongState), not yet (Unmet, with the whole list).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction

from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Unmet, WrongState
from raiportal.policy import Decision

Rule = Callable[[User, Any], Decision]
Lack = Callable[[Any], str | None]  # a sentence when something is missing


@dataclass(frozen=True)
class Move:
    """One way from some states to another: who may take it, and what must be there first. `past` is its word in the ledger."""

    slug: str
    sources: Collection[str]
    target: str
    may: Rule
    unmet: Sequence[Lack] = ()
    past: str = ""

    @property
    def done(self) -> str:
        return self.past or (self.slug + "d" if self.slug.endswith("e") else self.slug + "ed")

    def missing(self, subject: models.Model) -> list[str]:
        return [lack for condition in self.unmet if (lack := condition(subject))]


@dataclass(frozen=True)
class Offer:
    """A move that starts from the present state, with the decision for one person and what is still missing."""

    move: Move
    decision: Decision
    missing: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.decision.allowed and not self.missing

    @property
    def reason(self) -> str:
        return self.decision.reason or " ".join(self.missing)


class Workflow:
    """The moves of one kind of object. `kind` starts the ledger's action name: `measurements.run` gives `measurements.run_paused`."""

    def __init__(self, kind: str, *, field: str, moves: Sequence[Move]) -> None:
        self.kind = kind
        self.field = field
        self.moves = {move.slug: move for move in moves}

    def require_state(self, subject: models.Model, *states: str) -> None:
        """Raise WrongState unless the object is in one of `states`."""
        state = getattr(subject, self.field)
        if state not in states:
            raise WrongState(f"This is {_word(subject, self.field)} now, so it can't be done.")

    def available(self, subject: models.Model, user: User) -> list[Offer]:
        """The moves from the present state, each with its decision for `user`."""
        state = getattr(subject, self.field)
        starting = [move for move in self.moves.values() if state in move.sources]
        return [Offer(move, move.may(user, subject), move.missing(subject)) for move in starting]

    @transaction.atomic
    def advance(self, subject: Any, slug: str, *, actor: User, note: str = "", **fields: Any) -> Any:
        """Take the move: lock the row, check source, policy and conditions, save the state with `fields`, record it. Returns the locked row."""
        move = self.moves[slug]
        locked = type(subject)._base_manager.select_for_update(of=("self",), no_key=True).get(pk=subject.pk)
        if getattr(locked, self.field) not in move.sources:
            raise WrongState(f"This is {_word(locked, self.field)} now, so “{slug.replace('_', ' ')}” doesn't apply any more.")
        move.may(actor, locked).require()
        if missing := move.missing(locked):
            raise Unmet(missing)
        action = f"{self.kind}_{move.done}"
        ledger.apply_changes(locked, actor=actor, action=action, reason=note, **{self.field: move.target}, **fields)
        return locked


def _word(subject: models.Model, field_name: str) -> str:
    return str(getattr(subject, f"get_{field_name}_display")()).lower()
