"""What can be signed off. Apps register a kind: how its objects are read, who has to sign, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Q

from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.policy import Decision
from raiportal.registry import Registry

if TYPE_CHECKING:
    from raiportal.signoffs.models import SignOffRequest


@dataclass(frozen=True)
class RoleNeeded:
    """So many different people in this role have to approve; a reviewer's role names the kind of review."""

    role: Role
    quorum: int = 1
    review_kind: str = ""

    def __post_init__(self) -> None:
        if self.quorum < 1:
            raise ValueError("a quorum is at least one person")
        if bool(self.review_kind) != (self.role == Role.REVIEWER):
            raise ValueError("a reviewer, and nobody else, has a kind of review")

    @property
    def key(self) -> str:
        """ "risk_manager", "reviewer:legal"."""
        return f"{self.role.value}:{self.review_kind}" if self.review_kind else self.role.value


@dataclass(frozen=True)
class Rules:
    """Who has to sign, and for how many days an approval holds at most. Copied into the request; later changes don't touch it."""

    roles: tuple[RoleNeeded, ...]
    validity_days: int

    def __post_init__(self) -> None:
        if not self.roles or len({needed.key for needed in self.roles}) < len(self.roles):
            raise ValueError("a sign-off needs at least one role, and each once")
        if self.validity_days < 1:
            raise ValueError("an approval holds for at least a day and always ends")


def _nobody(subjects: Sequence[Any]) -> Mapping[int, Iterable[int]]:
    return {}


@dataclass(frozen=True)
class SignOffKind:
    """One kind of decision on one kind of object. `slug` is "harms.acceptance", `subject_kind` the model's label ("harms.harm").

    `lock` gives the object under a row lock (raises Missing); `load` objects by id; `snapshot` by id what is signed as plain JSON, in a fixed number of
    queries, without anything that the approval itself changes. `authors` gives by id users beyond the ledger's. `decisions` are ledger actions on
    the object that carry a decision out, such as "harms.harm_accepted": whoever did them has not changed what is signed. `words` are labels of fields.
    `approved` and `ended` run within the transaction in which an approval comes about or stops holding; the fourth argument of `ended` is an Ending.
    """

    slug: str
    name: str
    subject_kind: str
    lock: Callable[[int], Any]
    load: Callable[[Sequence[int]], Mapping[int, Any]]
    snapshot: Callable[[Sequence[Any]], Mapping[int, dict[str, Any]]]
    rules: Callable[[Any], Rules]
    may_request: Callable[[User, Any], Decision]
    authors: Callable[[Sequence[Any]], Mapping[int, Iterable[int]]] = _nobody
    decisions: frozenset[str] = frozenset()
    words: Mapping[str, str] = field(default_factory=dict)
    approved: Callable[[SignOffRequest, Any, User], None] | None = None
    ended: Callable[[SignOffRequest, Any, User, str], None] | None = None


sign_off_kinds: Registry[SignOffKind] = Registry(SignOffKind)


def about_visible(user: User) -> Q:
    """Requests whose subject this person may see; a kind that nobody registered shows nothing."""
    found = Q(pk__in=[])
    for subject_kind in sorted({kind.subject_kind for kind in sign_off_kinds}):
        rows = apps.get_model(subject_kind)._default_manager.visible_to(user)  # type: ignore[attr-defined]
        found |= Q(subject_kind=subject_kind, subject_id__in=rows.values("pk"))
    return found
