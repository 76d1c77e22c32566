"""Asking for sign-offs, giving them, and ending what no longer holds. Locks are taken in one order: the subject, then the request."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from raiportal import clocks
from raiportal.accounts import roles
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.audit.subjects import subject_kinds
from raiportal.checks import require_text
from raiportal.errors import Conflict, Invalid, Missing, PolicyDenied, StaleSnapshot, WrongState
from raiportal.evidence import actions as evidence
from raiportal.signoffs import dates, policies, selectors, telling
from raiportal.signoffs.authors import authors_of, with_people_behind
from raiportal.signoffs.enums import APPROVING, REFUSING, ConditionState, Ending, RequestState, Verdict
from raiportal.signoffs.kinds import Rules, SignOffKind, sign_off_kinds
from raiportal.signoffs.models import Condition, SignOff, SignOffRequest, StandIn
from raiportal.signoffs.snapshots import contents_of, digest_of

LONGEST_STAND_IN = datetime.timedelta(days=90)  # longer, and it is a role that should be given
ENDED_AT_ONCE = 200  # approvals looked after in one round of the task
CHANGED = "This changed after you opened the page. Look at what changed, and ask for the sign-off again."
OVER = "An earlier sign-off or condition here is over its date, or its signer has no account any more. Withdraw this request and ask again."
NO_LONGER_HELD = "Somebody who signed earlier no longer holds the role in which they signed. Withdraw this request and ask again."


@dataclass(frozen=True)
class Asked:
    """A condition as its signer sets it; `due_on` is its last day."""

    words: str
    owner: User
    due_on: datetime.date


@transaction.atomic
def request_sign_off(*, kind: str, subject_id: int, actor: User, message: str = "", due_at: datetime.datetime | None = None) -> SignOffRequest:
    """Freeze the subject as it is, with the rules that apply, and ask those who have to sign.

    An open request whose subject changed gives way; another is in the way (WrongState). Raises PolicyDenied, Missing.
    """
    registered = sign_off_kinds[kind]
    subject = registered.lock(subject_id)
    registered.may_request(actor, subject).require()
    now = clocks.now()
    if due_at is not None and due_at <= now:
        raise Invalid("This date is over.", field="due_at")
    content = contents_of(registered, [subject])[subject.pk]
    digest = digest_of(content)
    _make_way(registered, subject_id, digest, actor, now)
    request = SignOffRequest.objects.create(
        kind=kind,
        scope_id=ledger.scope_of(subject),
        subject_kind=registered.subject_kind,
        subject_id=subject.pk,
        title=f"{registered.name}: {subject}"[:200],
        message=message.strip(),
        snapshot=content,
        digest=digest,
        rules=_copied(registered.rules(subject), registered),
        excluded_ids=sorted({*authors_of(registered, subject), *with_people_behind([actor.pk])}),
        requested_by=actor,
        due_at=due_at,
    )
    evidence.use([row["id"] for row in content["evidence"]], by=request)
    ledger.record("signoffs.requested", subject=request, actor=actor, digest=digest, roles=[needed["key"] for needed in request.rules["roles"]])
    dates.start(request, actor)
    telling.tell_asked(request, actor)
    return request


@transaction.atomic
def sign(
    *,
    request_id: int,
    role: str,
    verdict: str,
    reason: str,
    seen: str,
    actor: User,
    valid_until: datetime.datetime | None = None,
    conditions: Sequence[Asked] = (),
    stand_in_for: User | None = None,
) -> SignOff:
    """Record one person's verdict on the snapshot whose digest they had `seen`.

    The last approval that is needed approves the request; one refusal closes it. Raises PolicyDenied, WrongState, Invalid, or StaleSnapshot when the
    subject changed.
    """
    return _sign(request_id, role, verdict, reason, seen, actor, valid_until, conditions, stand_in_for)


@transaction.atomic
def withdraw(*, request_id: int, reason: str, actor: User) -> SignOffRequest:
    """Take an open request back. Raises PolicyDenied, WrongState, Invalid."""
    request, _ = _locked(request_id)
    policies.may_withdraw(actor, request).require()
    _require(request, RequestState.OPEN)
    given = require_text(reason, field="reason", sentence="Say why.")
    _close(request, RequestState.WITHDRAWN, "signoffs.withdrawn", given, actor)
    return request


@transaction.atomic
def revoke(*, request_id: int, reason: str, actor: User) -> SignOffRequest:
    """Let an approval hold no more, from now on. Raises PolicyDenied, WrongState, Invalid."""
    request, subject = _locked(request_id)
    policies.may_revoke(actor, request).require()
    _require(request, RequestState.APPROVED)
    if request.ended_at is not None:
        raise WrongState("This approval holds no more already.")
    given = require_text(reason, field="reason", sentence="Say why.")
    _close(request, RequestState.REVOKED, "signoffs.revoked", given, actor)
    _end(request, subject, Ending.REVOKED, actor)
    return request


@transaction.atomic
def meet_condition(*, condition_id: int, note: str, actor: User) -> Condition:
    """The owner says that a condition is met; its signer is asked to confirm."""
    condition = _locked_condition(condition_id)
    policies.may_meet(actor, condition).require()
    if condition.state not in {ConditionState.OPEN, ConditionState.REOPENED}:
        raise WrongState("This condition was met already.")
    given = require_text(note, field="note", sentence="Say how it was met.")
    ledger.apply_changes(condition, actor=actor, action="signoffs.condition_met", state=ConditionState.MET, met_at=clocks.now(), met_note=given)
    dates.follow(condition, actor)
    telling.tell_condition_met(condition, actor)
    return condition


@transaction.atomic
def confirm_condition(*, condition_id: int, is_met: bool, note: str, actor: User) -> Condition:
    """The signer says whether a condition that its owner met is met indeed; if not, it is open again."""
    condition = _locked_condition(condition_id)
    policies.may_confirm(actor, condition).require()
    if condition.state != ConditionState.MET:
        raise WrongState("Its owner hasn't said that this condition is met.")
    given = note.strip() if is_met else require_text(note, field="note", sentence="Say what is missing.")
    if is_met:
        fields: dict[str, Any] = {"state": ConditionState.CONFIRMED, "confirmed_at": clocks.now(), "confirmed_by": actor}
    else:
        fields = {"state": ConditionState.REOPENED, "met_at": None}
    action = "signoffs.condition_confirmed" if is_met else "signoffs.condition_reopened"
    ledger.apply_changes(condition, actor=actor, action=action, confirm_note=given, **fields)
    dates.follow(condition, actor)
    telling.tell_condition_looked_at(condition, actor)
    return condition


@transaction.atomic
def recheck(subject: Any, *, actor: User) -> None:
    """End each approval of this object that no longer fits it, and tell whoever asked about open requests. Apps call it after a change, in its transaction."""
    for kind in [kind for kind in sign_off_kinds if kind.subject_kind == subject._meta.label_lower]:
        about = SignOffRequest.objects.about(kind.slug, subject.pk)
        if not (about.standing() | about.open()).exists():
            continue
        locked = kind.lock(subject.pk)
        digest = digest_of(contents_of(kind, [locked])[locked.pk])
        for request in (about.standing() | about.open()).exclude(digest=digest).select_for_update(of=("self",), no_key=True).order_by("pk"):
            if request.state == RequestState.OPEN:
                telling.tell_outdated(request, actor)
            else:
                _end(request, locked, Ending.STALE, actor)


def end_lapsed(*, actor: User) -> int:
    """End approvals that hold no more, each once and in a transaction of its own. Returns how many."""
    policies.may_end_lapsed(actor).require()
    ended, after = 0, 0
    while found := list(SignOffRequest.objects.standing().filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:ENDED_AT_ONCE]):
        ended += sum(_end_if_lapsed(pk, actor) for pk in found)
        after = found[-1]
    return ended


@transaction.atomic
def name_stand_in(
    *, person: User, for_person: User, from_at: datetime.datetime, until_at: datetime.datetime, reason: str, actor: User, scope_id: int | None = None
) -> StandIn:
    """Let somebody sign for somebody else between two moments, at most 90 days apart. Raises PolicyDenied, Invalid."""
    policies.may_name_stand_in(actor, person, for_person, scope_id).require()
    if person.pk == for_person.pk or person.kind != "person" or not person.is_active:
        raise Invalid("Name another person who has an account.", field="person")
    if not from_at < until_at <= from_at + LONGEST_STAND_IN or until_at <= clocks.now():
        raise Invalid("Give an end that is still to come and at most 90 days after the start.", field="until_at")
    given = require_text(reason, field="reason", sentence="Say why.")
    fields: dict[str, Any] = {"from_at": from_at, "until_at": until_at, "reason": given, "created_by": actor, "scope_id": scope_id}
    row = StandIn.objects.create(person=person, for_person=for_person, **fields)
    ledger.record("signoffs.stand_in_named", subject=row, actor=actor, reason=given, person=person.pk, for_person=for_person.pk, until=until_at)
    telling.tell_stand_in(row, actor)
    return row


@transaction.atomic
def end_stand_in(*, stand_in_id: int, reason: str, actor: User) -> StandIn:
    """End it before its time. Raises PolicyDenied, WrongState, Invalid."""
    row: StandIn = StandIn.objects.lock(stand_in_id)
    policies.may_end_stand_in(actor, row).require()
    if row.ended_at is not None:
        raise WrongState("This ended already.")
    given = require_text(reason, field="reason", sentence="Say why.")
    ledger.apply_changes(row, actor=actor, action="signoffs.stand_in_ended", reason=given, ended_at=clocks.now())
    telling.tell_stand_in(row, actor)
    return row


# --- Signing ---
def _sign(
    request_id: int,
    role: str,
    verdict: str,
    reason: str,
    seen: str,
    actor: User,
    valid_until: datetime.datetime | None,
    conditions: Sequence[Asked],
    stand_in_for: User | None,
) -> SignOff:
    request, subject = _locked(request_id)
    kind, now = sign_off_kinds[request.kind], clocks.now()
    holders = selectors.stood_in_for(selectors.stand_ins_of(actor, now), request.scope_id) if stand_in_for is not None else []
    if stand_in_for is not None and stand_in_for.pk not in {holder.pk for holder in holders}:
        raise PolicyDenied("You don't stand in for this person now.")
    roles.forget(actor)
    policies.may_sign(actor, request, role, author_ids=authors_of(kind, subject), stand_in_for=stand_in_for).require()
    _require(request, RequestState.OPEN)
    if seen != request.digest or digest_of(contents_of(kind, [subject])[subject.pk]) != request.digest:
        raise StaleSnapshot(CHANGED)
    given = require_text(reason, field="reason", sentence="Give your reason.")
    until = _until(request, verdict, valid_until, now)
    _check_conditions(request, verdict, conditions, actor, now)
    signed = _written(
        SignOff(request=request, person=actor, stand_in_for=stand_in_for, role=role, verdict=verdict, reason=given, digest=seen, valid_until=until)
    )
    Condition.objects.bulk_create(Condition(sign_off=signed, words=row.words.strip(), owner=row.owner, due_on=row.due_on) for row in conditions)
    holder_id = stand_in_for.pk if stand_in_for else None
    details: dict[str, Any] = {"role": role, "verdict": verdict, "digest": seen, "stand_in_for": holder_id, "sign_off": signed.pk}
    ledger.record("signoffs.signed", subject=request, actor=actor, reason=given, **details)
    for condition in signed.conditions.order_by("pk"):
        dates.follow(condition, actor)
    telling.tell_conditions(signed, actor)
    _settle(request, subject, verdict, actor, now)
    return signed


def _written(signed: SignOff) -> SignOff:
    """Store a verdict; what the database refuses of it is told as a refusal, and nothing else is."""
    try:
        with transaction.atomic():
            signed.save(force_insert=True)
    except IntegrityError as error:
        if "sign_off_one_person_one_role" in str(error) or "sign_off_represented_once" in str(error):
            raise Conflict("You, or whoever stands in for you, gave a verdict here already.", code="signed_already") from error
        raise PolicyDenied("You can't sign this: somebody else has to.") from error
    return signed


def _settle(request: SignOffRequest, subject: Any, verdict: str, actor: User, now: datetime.datetime) -> None:
    """Close the request by a refusal, or approve it where nothing is missing any more."""
    if verdict in REFUSING:
        ledger.apply_changes(request, actor=actor, action="signoffs.refused", state=RequestState.REFUSED, decided_at=now)
        dates.stop_all(request, actor)
        telling.tell_decided(request, actor)
        return
    whole = selectors.with_sign_offs(SignOffRequest.objects.filter(pk=request.pk)).get()
    if verdict not in APPROVING or selectors.missing_of(whole):
        return
    kind = sign_off_kinds[request.kind]
    ends = [signed.valid_until for signed in whole.sign_offs.all() if signed.valid_until is not None]
    until = min(*ends, now + datetime.timedelta(days=request.rules["validity_days"]))
    whole.valid_until = until
    if selectors.ending_of(whole, request.digest, now) is not None:
        raise WrongState(OVER)
    if not all(
        policies.holds_role(given.stand_in_for or given.person, given.role, request.scope_id) for given in whole.sign_offs.all() if given.verdict in APPROVING
    ):
        raise WrongState(NO_LONGER_HELD)
    for older in SignOffRequest.objects.about(request.kind, subject.pk).standing().select_for_update(of=("self",), no_key=True):
        fields: dict[str, Any] = {"ended_at": now, "ended_why": Ending.REPLACED}
        ledger.apply_changes(older, actor=actor, action="signoffs.ended", **fields)
        dates.stop_all(older, actor)
    ledger.apply_changes(request, actor=actor, action="signoffs.approved", state=RequestState.APPROVED, decided_at=now, valid_until=until)
    dates.stop(request, actor)
    if kind.approved is not None:
        kind.approved(request, subject, actor)
    telling.tell_decided(request, actor)


def _until(request: SignOffRequest, verdict: str, wanted: datetime.datetime | None, now: datetime.datetime) -> datetime.datetime | None:
    """How long a verdict holds: an approval always ends, at the latest when the rules say."""
    if verdict not in Verdict.values:
        raise Invalid(f"A verdict is one of {', '.join(Verdict.values)}.", field="verdict")
    if verdict not in APPROVING:
        return None
    latest = now + datetime.timedelta(days=request.rules["validity_days"])
    if wanted is not None and not now < wanted <= latest:
        raise Invalid(f"Give an end that is still to come, at the latest {latest:%-d %B %Y}.", field="valid_until")
    return wanted or latest


def _check_conditions(request: SignOffRequest, verdict: str, conditions: Sequence[Asked], actor: User, now: datetime.datetime) -> None:
    if bool(conditions) != (verdict == Verdict.APPROVE_WITH_CONDITIONS):
        raise Invalid("An approval with conditions, and no other verdict, names what has to be done.", field="conditions")
    for row in conditions:
        require_text(row.words, field="conditions", sentence="Say what has to be done.")
        if row.owner.pk == actor.pk or row.owner.kind != "person" or not row.owner.is_active:
            raise Invalid("Somebody else than you, with an account, has to see to a condition.", field="conditions")
        if subject_kinds[request.subject_kind].find(request.subject_id, row.owner) is None:
            raise Invalid("Whoever has to see to a condition has to be able to open what is signed.", field="conditions")
        if row.due_on < now.date():
            raise Invalid("The date of a condition has to be still to come.", field="conditions")


# --- Ending ---
def _close(request: SignOffRequest, state: RequestState, action: str, reason: str, actor: User) -> None:
    fields: dict[str, Any] = {"state": state, "closed_by": actor, "close_reason": reason[:2_000]}
    ledger.apply_changes(request, actor=actor, action=action, reason=reason, **fields)
    dates.stop_all(request, actor)
    telling.tell_closed(request, actor)


def _end(request: SignOffRequest, subject: Any, why: Ending, actor: User) -> None:
    """Note once that an approval holds no more, let its app undo what followed from it, and tell people."""
    ledger.apply_changes(request, actor=actor, action="signoffs.ended", ended_at=clocks.now(), ended_why=why)
    dates.stop_all(request, actor)
    kind = sign_off_kinds[request.kind]
    if kind.ended is not None and subject is not None:
        kind.ended(request, subject, actor, why)
    telling.tell_ended(request, why, actor)


@transaction.atomic
def _end_if_lapsed(pk: int, actor: User) -> bool:
    row = SignOffRequest.objects.filter(pk=pk).values_list("kind", "subject_id").first()
    kind = sign_off_kinds.get(row[0]) if row else None
    if row is None or kind is None:
        return False
    subject = _subject_of(kind, row[1])
    SignOffRequest.objects.lock(pk)
    request = selectors.with_sign_offs(SignOffRequest.objects.standing().filter(pk=pk)).first()
    if request is None:
        return False
    digest = digest_of(contents_of(kind, [subject])[subject.pk]) if subject is not None else None
    why = selectors.ending_of(request, digest, clocks.now())
    if why is not None:
        _end(request, subject, why, actor)
    return why is not None


def _make_way(kind: SignOffKind, subject_id: int, digest: str, actor: User, now: datetime.datetime) -> None:
    """Close the open request of this subject where it asks for what is no more; one that still fits is in the way."""
    waiting = SignOffRequest.objects.about(kind.slug, subject_id).open().select_for_update(of=("self",), no_key=True).first()
    if waiting is None:
        return
    if waiting.digest == digest:
        raise WrongState("This was asked for already and waits to be signed.")
    _close(waiting, RequestState.WITHDRAWN, "signoffs.withdrawn", "What was to be signed has changed, and it was asked for again.", actor)


# --- Locks ---
def _locked(request_id: int) -> tuple[SignOffRequest, Any]:
    """The request and its subject under locks, the subject's first."""
    row = SignOffRequest.objects.filter(pk=request_id).values_list("kind", "subject_id").first()
    if row is None or row[0] not in {kind.slug for kind in sign_off_kinds}:
        raise Missing("This isn't there any more.")
    subject = sign_off_kinds[row[0]].lock(row[1])
    return SignOffRequest.objects.lock(request_id), subject


def _subject_of(kind: SignOffKind, subject_id: int) -> Any:
    try:
        return kind.lock(subject_id)
    except Missing:
        return None


def _locked_condition(condition_id: int) -> Condition:
    """The condition, its request held against being decided meanwhile."""
    request_id = Condition.objects.filter(pk=condition_id).values_list("sign_off__request_id", flat=True).first()
    if request_id is None:
        raise Missing("This isn't there any more.")
    request, _ = _locked(request_id)
    if request.state not in {RequestState.OPEN, RequestState.APPROVED} or request.ended_at is not None:
        raise WrongState("This approval holds no more, so its conditions are closed.")
    return Condition.objects.select_related("sign_off__request", "owner").select_for_update(of=("self",), no_key=True).get(pk=condition_id)


def _require(request: SignOffRequest, state: RequestState) -> None:
    if request.state != state:
        raise WrongState(f"This is {request.get_state_display().lower()} now, so it can't be done.")


def _copied(rules: Rules, kind: SignOffKind) -> dict[str, Any]:
    needed = [{"key": row.key, "role": row.role.value, "review_kind": row.review_kind, "quorum": row.quorum} for row in rules.roles]
    return {"roles": needed, "validity_days": rules.validity_days, "decisions": sorted(kind.decisions)}
