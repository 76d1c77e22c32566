"""A door: one address and method, whom it lets in, who may know of it at all, an object of system S1 that it is tried on, and what is sent to it
so that it really does its work. The functions make the kinds of doors that are met again and again.
"""

from __future__ import annotations

import enum
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.project.world import World

Arguments = Callable[["World"], Mapping[str, Any]]


class Who(enum.StrEnum):
    """Everybody who tries. Roles of a system are held in S1; the owner of another system is S2's."""

    ADMINISTRATOR = "administrator"
    RISK_MANAGER = "risk manager"
    AUDITOR = "auditor"
    EXECUTIVE = "executive"
    ORGANISATION_RESPONDER = "incident responder of the organisation"
    FEEDBACK_HANDLER = "feedback and appeals handler"
    OWNER = "owner"
    CONTRIBUTOR = "contributor"
    RED_TEAMER = "red teamer"
    LABELLER = "labeller"
    REVIEWER = "reviewer"
    SCOPE_RESPONDER = "incident responder of the system"
    VIEWER = "viewer"
    FOREIGNER = "owner of another system"
    NOBODY = "without a role"
    ANONYMOUS = "not signed in"
    READING_TOKEN = "owner's token that may only read"


class Answer(enum.Enum):
    """What somebody gets."""

    DONE = "done"
    DENIED = "403 with the reason, noted in the ledger"
    HIDDEN = "404, as for an id that doesn't exist"
    UNKNOWN_ID = "422 on the field, as for an id that doesn't exist"
    SIGN_IN = "sent to the sign-in, or 401"


PERSONS = frozenset(Who) - {Who.READING_TOKEN}
EVERYBODY = frozenset(Who)
SIGNED_IN = EVERYBODY - {Who.ANONYMOUS}
READS_EVERYTHING = frozenset({Who.ADMINISTRATOR, Who.RISK_MANAGER, Who.AUDITOR})  # people and the ledger too
MANAGES = frozenset({Who.ADMINISTRATOR, Who.RISK_MANAGER})
ADMINISTERS = frozenset({Who.ADMINISTRATOR})
SEES_EVERY_SYSTEM = READS_EVERYTHING | {Who.ORGANISATION_RESPONDER}
READS_S1 = SEES_EVERY_SYSTEM | {
    *(Who.OWNER, Who.CONTRIBUTOR, Who.RED_TEAMER, Who.REVIEWER, Who.SCOPE_RESPONDER, Who.VIEWER, Who.READING_TOKEN),
}
OVERVIEW_OF_S1 = READS_S1 | {Who.EXECUTIVE, Who.FEEDBACK_HANDLER, Who.LABELLER}  # know of it, and read no more than its overview
MANAGES_S1 = MANAGES | {Who.OWNER}  # its people, facts, stage, deployments with keys, budgets
ACTS_IN_S1 = MANAGES_S1 | {Who.CONTRIBUTOR}  # everything that is made within it

TOLD = "notification_event notification"  # the tables of what people are told


def nothing(world: World) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Door:
    """One address and method.

    `may` are let in, `knows` may know of the object; the others get `stranger`. `sent` is a valid body, `asked` a query. `status` is what success
    gives. `changes` are the tables that success changes, and nothing else may be changed; `audit_entry` is in it by itself when anything is.
    """

    area: str
    what: str
    method: str
    name: str
    may: frozenset[Who]
    knows: frozenset[Who] = SIGNED_IN
    at: Arguments = nothing
    sent: Arguments = nothing
    asked: Arguments = nothing
    status: int = 200
    others_status: int | None = None  # what everybody but the anonymous gets, where it differs
    changes: frozenset[str] = frozenset()
    stranger: Answer = Answer.HIDDEN
    is_multipart: bool = False

    @property
    def id(self) -> str:
        return f"{self.method} {self.name}"

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api-") and self.name != "api-docs"

    @property
    def is_public(self) -> bool:
        return Who.ANONYMOUS in self.may

    @property
    def is_reading(self) -> bool:
        return self.method in {"GET", "HEAD", "OPTIONS"}

    @property
    def names_an_object(self) -> bool:
        return self.at is not nothing

    def success(self, who: Who) -> int:
        return self.status if who is Who.ANONYMOUS or self.others_status is None else self.others_status

    def answer_to(self, who: Who) -> Answer:
        if who is Who.READING_TOKEN and not self.is_reading:
            return Answer.DENIED
        if who in self.may:
            return Answer.DONE
        if who is Who.ANONYMOUS:
            return Answer.SIGN_IN
        return Answer.DENIED if who in self.knows else self.stranger


def a_page(area: str, what: str, name: str, may: frozenset[Who], *, knows: frozenset[Who] = SIGNED_IN, at: Arguments = nothing, **rest: Any) -> Door:
    return Door(area, what, "GET", name, may, knows, at, **rest)


def a_change(
    area: str, what: str, name: str, may: frozenset[Who], changes: str, *, knows: frozenset[Who] = SIGNED_IN, at: Arguments = nothing, **rest: Any
) -> Door:
    """A change. `changes` are table names; what success answers is a redirect unless `status` says otherwise."""
    tables = frozenset(changes.split())
    written = tables | {"audit_entry", "audit_payload"} if tables else tables
    return Door(area, what, rest.pop("method", "POST"), name, may, knows, at, status=rest.pop("status", 302), changes=written, **rest)


def reads(area: str, what: str, name: str, at: Arguments, **rest: Any) -> Door:
    """A page about something in S1, for everybody with a role there."""
    return a_page(area, what, name, READS_S1, knows=READS_S1, at=at, **rest)


def acts(area: str, what: str, name: str, at: Arguments, changes: str, **rest: Any) -> Door:
    """A change of something in S1, by those who act there."""
    return a_change(area, what, name, ACTS_IN_S1, changes, knows=READS_S1, at=at, **rest)


def a_form(area: str, what: str, name: str, at: Arguments) -> Door:
    """The form of such a change."""
    return a_page(area, what, name, ACTS_IN_S1, knows=READS_S1, at=at)


def manages(area: str, what: str, name: str, at: Arguments, changes: str, **rest: Any) -> Door:
    """A change of S1 itself, by those who manage it."""
    return a_change(area, what, name, MANAGES_S1, changes, knows=READS_S1, at=at, **rest)


def managing_form(area: str, what: str, name: str, at: Arguments) -> Door:
    """The form of such a change."""
    return a_page(area, what, name, MANAGES_S1, knows=READS_S1, at=at)


def api_list(area: str, what: str, name: str, **rest: Any) -> Door:
    """A list of the API: everybody gets what they may see of it, maybe nothing."""
    return a_page(area, what, f"api-{name}-list", SIGNED_IN, **rest)


def api_add(area: str, what: str, name: str, changes: str, sent: Arguments, *, may: frozenset[Who] = ACTS_IN_S1) -> Door:
    """An object made in S1 through the API: the body names the system, so strangers learn nothing from the refusal."""
    return a_change(area, what, f"api-{name}-list", may, changes, knows=READS_S1, sent=sent, status=201, stranger=Answer.UNKNOWN_ID)


def api_change(
    area: str,
    what: str,
    name: str,
    at: Arguments,
    changes: str,
    sent: Arguments = nothing,
    *,
    may: frozenset[Who] = ACTS_IN_S1,
    status: int = 200,
    method: str = "POST",
) -> Door:
    return a_change(area, what, f"api-{name}", may, changes, knows=READS_S1, at=at, sent=sent, status=status, method=method)


def by_pk(find: Callable[[World], Any], name: str = "pk") -> Arguments:
    return lambda world: {name: find(world).pk}


def why(world: World) -> Mapping[str, Any]:
    return {"reason": "Tried by a test."}


def case_file(name: str = "more.jsonl") -> Any:
    file = io.BytesIO(b'{"input": "A case that is new."}\n')
    file.name = name
    return file
