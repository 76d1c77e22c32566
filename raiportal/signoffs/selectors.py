"""Where sign-offs stand. Everything here is worked out from rows at the moment of asking; nothing derived is stored."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, F, Prefetch, Q, QuerySet, When

from raiportal import clocks
from raiportal.accounts import roles
from raiportal.accounts import selectors as accounts
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import Membership, Scope, User
from raiportal.signoffs import policies
from raiportal.signoffs.authors import authors_of_many
from raiportal.signoffs.enums import APPROVING, Ending, Held, RequestState
from raiportal.signoffs.kinds import sign_off_kinds
from raiportal.signoffs.models import Condition, SignOff, SignOffRequest, StandIn
from raiportal.signoffs.snapshots import Change, changes_between, contents_of, digest_of

HELD_AFTER = {Ending.STALE: Held.STALE, Ending.REVOKED: Held.REVOKED}


@dataclass(frozen=True)
class Missing:
    """So many more people have to approve in this role."""

    role: str
    count: int


@dataclass(frozen=True)
class Standing:
    """Where one object's sign-off stands. `request` is the one that `state` is about; `renewal` is a newer one that waits beside an approval in force."""

    state: Held
    request: SignOffRequest | None = None
    valid_until: datetime.datetime | None = None
    difference: Sequence[Change] = ()
    open_conditions: Sequence[Condition] = ()
    missing: Sequence[Missing] = ()
    ending: Ending | None = None
    renewal: SignOffRequest | None = field(default=None)

    @property
    def is_approved(self) -> bool:
        return self.state == Held.APPROVED


def with_sign_offs(requests: Any) -> QuerySet[SignOffRequest]:
    """Requests with everything that their standing is worked out from."""
    signed = SignOff.objects.select_related("person", "stand_in_for").order_by("pk")
    conditions = Condition.objects.select_related("owner").order_by("pk")
    return requests.select_related("scope", "requested_by", "closed_by").prefetch_related(  # type: ignore[no-any-return]
        Prefetch("sign_offs", queryset=signed), Prefetch("sign_offs__conditions", queryset=conditions)
    )


def missing_of(request: SignOffRequest) -> list[Missing]:
    """The roles in which people still have to approve."""
    given = [signed.role for signed in request.sign_offs.all() if signed.verdict in APPROVING]
    lacks = [Missing(needed["key"], needed["quorum"] - given.count(needed["key"])) for needed in request.rules["roles"]]
    return [lack for lack in lacks if lack.count > 0]


def conditions_of(request: SignOffRequest) -> list[Condition]:
    return [condition for signed in request.sign_offs.all() for condition in signed.conditions.all()]


def ending_of(request: SignOffRequest, digest: str | None, now: datetime.datetime) -> Ending | None:
    """Why an approval doesn't hold at this moment; None where it does. `digest` is that of the subject as it is (None: it is gone)."""
    if request.ended_why:
        return Ending(request.ended_why)
    if digest != request.digest:
        return Ending.STALE
    if request.valid_until is None or request.valid_until <= now:
        return Ending.EXPIRED
    if any(condition.is_overdue(now) for condition in conditions_of(request)):
        return Ending.CONDITION_OVERDUE
    if _lacks_active_signers(request):
        return Ending.SIGNER_LEFT
    return None


def standing(kind: str, subject: Any) -> Standing:
    """Where the sign-off of one object stands now."""
    return standings(kind, [subject])[subject.pk]


def standings(kind: str, subjects: Sequence[Any]) -> dict[int, Standing]:
    """The same for many objects, by id. A fixed number of queries."""
    registered, now = sign_off_kinds[kind], clocks.now()
    requests: dict[int, list[SignOffRequest]] = {subject.pk: [] for subject in subjects}
    for request in with_sign_offs(SignOffRequest.objects.about(kind, *requests)).order_by("-pk"):
        requests[request.subject_id].append(request)
    contents = contents_of(registered, [subject for subject in subjects if requests[subject.pk]])
    return {pk: _standing(asked, contents.get(pk, {}), registered.words, now) for pk, asked in requests.items()}


def held_by_id(requests: Sequence[SignOffRequest]) -> dict[int, Held]:
    """Where each of these requests stands by itself, by its id. A fixed number of queries for each kind; requests come from `with_sign_offs`."""
    now = clocks.now()
    held: dict[int, Held] = {}
    for slug in sorted({request.kind for request in requests}):
        kind, of_kind = sign_off_kinds[slug], [request for request in requests if request.kind == slug]
        subjects = kind.load([request.subject_id for request in of_kind])
        digests = {pk: digest_of(content) for pk, content in contents_of(kind, list(subjects.values())).items()}
        held |= {request.pk: _held(request, digests.get(request.subject_id), now) for request in of_kind}
    return held


def author_ids(requests: Sequence[SignOffRequest]) -> dict[int, set[int]]:
    """By the id of each request those who had a hand in its subject up to now. A fixed number of queries for each kind."""
    found: dict[int, set[int]] = {}
    for slug in sorted({request.kind for request in requests}):
        kind, of_kind = sign_off_kinds[slug], [request for request in requests if request.kind == slug]
        authors = authors_of_many(kind, list(kind.load([request.subject_id for request in of_kind]).values()))
        found |= {request.pk: authors.get(request.subject_id, set()) for request in of_kind}
    return found


def stand_ins_of(user: User, now: datetime.datetime) -> list[StandIn]:
    """In whose place this person may sign now, and for which systems."""
    rows = StandIn.objects.in_force(now).filter(person=user)
    return list(rows.select_related("for_person").order_by("pk"))


def stood_in_for(stand_ins: Sequence[StandIn], scope_id: int | None) -> list[User]:
    """The people for whom somebody with these stand-ins may sign in this scope."""
    return list({row.for_person_id: row.for_person for row in stand_ins if row.scope_id in {None, scope_id}}.values())


def possible_stand_ins(user: User) -> QuerySet[User]:
    """People whom this person could name: for administrators everybody with an account, else those with a role in one of their systems or everywhere."""
    people = User.objects.filter(kind=UserKind.PERSON, is_active=True).exclude(pk=user.pk).order_by("name", "pk")
    if policies.may_oversee_stand_ins(user):
        return people
    near = Membership.objects.in_force().filter(Q(scope=None) | Q(scope__in=roles.of(user).by_scope))
    return people if roles.of(user).see_everything else people.filter(pk__in=near.values("user"))


def people_to_stand_in_for(user: User) -> QuerySet[User]:
    """Themselves first, and everybody else who holds a role."""
    holders = Membership.objects.in_force().filter(user__kind=UserKind.PERSON)
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=holders.values("user"))).order_by(Case(When(pk=user.pk, then=0), default=1), "name", "pk")


def scopes_to_stand_in(user: User) -> QuerySet[Scope]:
    """Systems that a stand-in can be limited to."""
    return accounts.scopes_visible_to(user).order_by("name", "pk")


def waiting_for(user: User, now: datetime.datetime) -> list[SignOffRequest]:
    """Every open request that lacks what this person can give, the earliest date first. A fixed number of queries, however many requests there are.

    The rows leave out what is signed, and come with their sign-offs.
    """
    stand_ins = stand_ins_of(user, now)
    said = SignOff.objects.filter(Q(person=user) | Q(stand_in_for=user))
    open_rows = SignOffRequest.objects.visible_to(user).open().filter(_asking([user.pk, *(row.for_person_id for row in stand_ins)]))
    mine = open_rows.exclude(requested_by=user).exclude(excluded_ids__contains=user.pk).exclude(pk__in=said.values("request"))
    rows = list(with_sign_offs(mine).defer("snapshot").order_by(F("due_at").asc(nulls_last=True), "pk"))
    authors = author_ids(rows)
    return [row for row in rows if {key for key, _ in _ways(user, row, authors[row.pk], stand_ins)} & {lack.role for lack in missing_of(row)}]


def ways_to_sign(user: User, request: SignOffRequest, now: datetime.datetime) -> list[tuple[str, User | None]]:
    """The roles in which the person can sign this request, each with whom they would stand in for."""
    if request.state != RequestState.OPEN:
        return []
    return _ways(user, request, author_ids([request])[request.pk], stand_ins_of(user, now))


def _asking(user_ids: Sequence[int]) -> Q:
    """Requests that ask for a role that one of these people holds where the request belongs."""
    asking = Q(pk__in=[])
    held: dict[str, set[int | None]] = {}
    for scope_id, role, review_kind in Membership.objects.in_force().filter(user__in=user_ids).values_list("scope_id", "role", "review_kind_id"):
        held.setdefault(f"{role}:{review_kind}" if review_kind else role, set()).add(scope_id)
    for key, scope_ids in sorted(held.items()):
        where = Q() if None in scope_ids else Q(scope__in=scope_ids)
        asking |= Q(rules__roles__contains=[{"key": key}]) & where
    return asking


def _ways(user: User, request: SignOffRequest, authors: set[int], stand_ins: Sequence[StandIn]) -> list[tuple[str, User | None]]:
    taken = {pk for signed in request.sign_offs.all() for pk in (signed.person_id, signed.stand_in_for_id)}
    ways = [(needed["key"], holder) for needed in request.rules["roles"] for holder in (None, *stood_in_for(stand_ins, request.scope_id))]
    return [
        (key, holder)
        for key, holder in ways
        if not {user.pk, holder.pk if holder else user.pk} & taken and policies.may_sign(user, request, key, author_ids=authors, stand_in_for=holder)
    ]


def _held(request: SignOffRequest, digest: str | None, now: datetime.datetime) -> Held:
    if request.state == RequestState.OPEN:
        return Held.OPEN if digest == request.digest else Held.STALE
    ending = ending_of(request, digest, now) if request.state == RequestState.APPROVED else None
    return Held(request.state) if ending is None else HELD_AFTER.get(ending, Held.LAPSED)


def _lacks_active_signers(request: SignOffRequest) -> bool:
    given = [signed.role for signed in request.sign_offs.all() if signed.verdict in APPROVING and signed.person.is_active]
    return any(given.count(needed["key"]) < needed["quorum"] for needed in request.rules["roles"])


def _standing(requests: Sequence[SignOffRequest], content: Mapping[str, Any], words: Mapping[str, str], now: datetime.datetime) -> Standing:
    """Of requests with the newest first. An approval that holds counts, also while a newer request waits; else the newest request does."""
    if not requests:
        return Standing(Held.NONE)
    newest, digest = requests[0], digest_of(content)
    for request in requests:
        if request.state == RequestState.APPROVED and ending_of(request, digest, now) is None:
            waiting = newest if newest.pk != request.pk and newest.state == RequestState.OPEN else None
            unconfirmed = [condition for condition in conditions_of(request) if condition.state != "confirmed"]
            return Standing(Held.APPROVED, request, request.valid_until, open_conditions=unconfirmed, renewal=waiting)
    changed = changes_between(newest.snapshot, content, words) if newest.digest != digest else []
    if newest.state == RequestState.OPEN:
        return Standing(Held.STALE if changed else Held.OPEN, newest, difference=changed, missing=missing_of(newest))
    ending = ending_of(newest, digest, now) if newest.state in {RequestState.APPROVED, RequestState.REVOKED} else None
    if newest.state == RequestState.APPROVED and ending is not None:
        return Standing(HELD_AFTER.get(ending, Held.LAPSED), newest, newest.valid_until, difference=changed, ending=ending)
    return Standing(Held(newest.state), newest, newest.valid_until, difference=changed, ending=ending)
