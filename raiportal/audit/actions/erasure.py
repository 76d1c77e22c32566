"""Taking personal data out of the ledger for good: payloads are blanked, digests stay, and an entry vouches for it. Administrators alone may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from raiportal import clocks
from raiportal.accounts import actions as account_actions
from raiportal.accounts import sign_ins
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import ApiToken, Invitation, User
from raiportal.audit import ledger, policies
from raiportal.audit.models import Entry, Payload
from raiportal.audit.personal import personal_data
from raiportal.audit.standalone.verify_ledger import ERASURE
from raiportal.checks import require_text
from raiportal.errors import Conflict, Missing

NEEDS_REASON = "Say why, without personal data: the reason stays."
MOST_AT_ONCE = 1_000  # payloads that one entry vouches for
SIGN_IN_APPS = frozenset({"account", "mfa", "socialaccount", "usersessions"})  # what signing in keeps about a person
_SAYING = """
select entry_id from audit_payload
where exists (select 1 from jsonb_path_query(body, 'strict $.** ? (@.type() == "string")') found where found #>> '{}' = any(%s))
    or (%s <> '' and position(lower(%s) in lower(body::text)) > 0)
"""


@transaction.atomic
def erase_payload(*, entry_id: int, reason: str, actor: User) -> Entry:
    """Blank what one entry says in detail. Returns the entry that vouches for it. Raises PolicyDenied, Missing, Conflict."""
    policies.may_erase(actor).require()
    given = require_text(reason, field="reason", sentence=NEEDS_REASON)
    entry = Entry.objects.select_related("payload").filter(pk=entry_id).first()
    if entry is None:
        raise Missing("This entry isn't there.")
    if entry.action == ERASURE:
        raise Conflict("This entry vouches for an erasure, so it stays as it is.", code="vouches")
    if entry.payload.erased_by_id is not None:
        raise Conflict("This was erased already.", code="erased_already")
    return _erase([entry_id], subject=entry, reason=given, actor=actor)


@transaction.atomic
def erase_person(*, user_id: int, reason: str, actor: User) -> User:
    """Take out who somebody was: name, addresses and sign-in, their keys, and the payloads of all entries that say it. What they did stays done.

    Raises PolicyDenied, Missing, and Conflict for the last administrator or somebody who was erased already.
    """
    policies.may_erase(actor).require()
    given = require_text(reason, field="reason", sentence=NEEDS_REASON)
    known = User.objects.exclude(kind=UserKind.SYSTEM).filter(pk=user_id).first()
    if known is None:
        raise Missing("This person isn't there.")
    person = account_actions.set_active(user_id=user_id, is_active=False, reason=given, actor=actor)  # under a lock, and never the last administrator
    if person.erased_at is not None:
        raise Conflict("This person was erased already.", code="erased_already")
    for kept in personal_data:
        kept.forget(person, actor)
    about = _entries_about(person)
    _forget(person)
    ledger.record("accounts.person_erased", subject=person, actor=actor, reason=given)
    for some in _chunks(about, MOST_AT_ONCE):
        _erase(some, subject=person, reason=given, actor=actor)
    return person


def _erase(entry_ids: Sequence[int], *, subject: User | Entry, reason: str, actor: User) -> Entry:
    """Through the owner's function, which looks for the vouching entry itself: the application's role can't blank a payload in any other way."""
    vouching = ledger.record(ERASURE, subject=subject, actor=actor, reason=reason, entries=list(entry_ids))
    with connection.cursor() as cursor:
        cursor.execute("select audit_erase_payloads(%s, %s)", [list(entry_ids), vouching.pk])
    return vouching


def _entries_about(person: User) -> list[int]:
    """Entries whose object is the person or what belongs to them, and all others whose payload has their name or addresses as a value."""
    tokens = list(ApiToken.objects.filter(user=person).values_list("pk", flat=True))
    invitations = list(_invitations(person).values_list("pk", flat=True))
    own = Q(subject_kind="accounts.user", subject_id=person.pk) | Q(subject_kind="accounts.apitoken", subject_id__in=tokens)
    own |= Q(subject_kind="accounts.invitation", subject_id__in=invitations)
    found = set(Entry.objects.filter(own).values_list("pk", flat=True)) | _saying(person)
    left = Payload.objects.filter(erased_by=None).exclude(entry__action=ERASURE)
    return [pk for some in _chunks(sorted(found), MOST_AT_ONCE) for pk in left.filter(pk__in=some).order_by("pk").values_list("pk", flat=True)]


def _saying(person: User) -> set[int]:
    names = [text for text in (person.name, person.email, person.username) if text]
    with connection.cursor() as cursor:
        cursor.execute(_SAYING, [names, person.email, person.email])
        return {pk for (pk,) in cursor.fetchall()}


def _forget(person: User) -> None:
    """Leave a row without a person, to which everything that they did still belongs."""
    now = clocks.now()
    _invitations(person).update(name="", email="")
    Invitation.objects.filter(user=person, used_at=None, revoked_at=None).update(revoked_at=now)
    ApiToken.objects.filter(user=person).update(name="erased")
    ApiToken.objects.filter(user=person, revoked_at=None).update(revoked_at=now)
    sign_ins.forget_others(person, None)
    for relation in User._meta.related_objects:
        if relation.related_model._meta.app_label in SIGN_IN_APPS:
            relation.related_model._base_manager.filter(**{relation.field.name: person}).delete()
    person.username, person.name, person.email = f"erased-{person.pk}", f"Erased person {person.pk}", ""
    person.password, person.is_active, person.erased_at = make_password(None), False, now
    person.save(update_fields=["username", "name", "email", "password", "is_active", "erased_at"])


def _invitations(person: User) -> QuerySet[Invitation]:
    theirs = Q(user=person) | (Q(email__iexact=person.email) if person.email else Q(user=person))
    return Invitation.objects.filter(theirs)


def _chunks(found: Iterable[int], size: int) -> Iterator[list[int]]:
    left = iter(found)
    while some := list(islice(left, size)):
        yield some
