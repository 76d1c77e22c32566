"""Who may accept what remains of a risk, and for how long, read from the catalogue. Pure: nothing here knows the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harms.models import HIGHEST_SCORE
from raiportal.accounts.enums import ORGANISATION_ROLES, SCOPE_ROLES, Role
from raiportal.errors import Invalid
from raiportal.signoffs.kinds import RoleNeeded

LONGEST_DAYS = 365  # nothing is accepted for longer, nor left unseen
MOST_PEOPLE = 9  # in one role
SIGNING = (ORGANISATION_ROLES | SCOPE_ROLES) - {Role.VIEWER, Role.AUDITOR, Role.LABELLER}  # who reads alone decides nothing


@dataclass(frozen=True)
class AcceptanceRule:
    """For scores up to `up_to`: who has to sign, for how many days at most, and after how many days such a harm is looked at again."""

    title: str
    up_to: int
    signers: tuple[RoleNeeded, ...]
    days: int
    review_days: int


def rules_of(entries: Iterable[tuple[str, Mapping[str, Any]]]) -> list[AcceptanceRule]:
    """The rules by rising score from (title, body) of catalogue entries. Raises Invalid unless each can be carried out and they reach the highest score."""
    rules = sorted((_rule(title, body) for title, body in entries), key=lambda rule: rule.up_to)
    tops = [rule.up_to for rule in rules]
    if not tops or tops[-1] != HIGHEST_SCORE or tops[0] < 1 or len(set(tops)) < len(tops):
        raise Invalid(f"Each rule ends at another score, and the last one at {HIGHEST_SCORE}.", field="up_to")
    return rules


def rule_for(score: int, rules: Sequence[AcceptanceRule]) -> AcceptanceRule:
    """The rule of a score from 1 to the highest."""
    return next(rule for rule in rules if score <= rule.up_to)


def _rule(title: str, body: Mapping[str, Any]) -> AcceptanceRule:
    days = {name: _whole(body[name], 1, LONGEST_DAYS, name) for name in ("days", "review_days")}
    signers = tuple(_signer(row) for row in body["signers"])
    if len({needed.key for needed in signers}) < len(signers):
        raise Invalid("Name each role once.", field="signers")
    return AcceptanceRule(title, _whole(body["up_to"], 1, HIGHEST_SCORE, "up_to"), signers, days["days"], days["review_days"])


def _signer(row: Mapping[str, str]) -> RoleNeeded:
    if row["role"] not in {role.value for role in SIGNING}:
        raise Invalid(f"“{row['role'][:40]}” is no role that signs.", field="signers")
    people = _whole(row["people"] or 1, 1, MOST_PEOPLE, "signers")
    try:
        return RoleNeeded(Role(row["role"]), people, row["review_kind"])
    except ValueError as error:
        raise Invalid("A reviewer, and nobody else, has a kind of review.", field="signers") from error


def _whole(value: Any, least: int, most: int, field: str) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if not least <= number <= most or str(number) != str(value):
        raise Invalid(f"This takes a whole number from {least} to {most}.", field=field)
    return number
