"""Who had a hand in what is signed: everybody whom the ledger names, those who attached evidence, and the people behind service accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import ApiToken, User
from raiportal.audit.models import Entry
from raiportal.evidence.models import Evidence
from raiportal.signoffs.kinds import SignOffKind


def authors_of(kind: SignOffKind, subject: Any) -> set[int]:
    """Ids of users who may not sign this subject, besides whoever asks."""
    return authors_of_many(kind, [subject])[subject.pk]


def authors_of_many(kind: SignOffKind, subjects: Sequence[Any]) -> dict[int, set[int]]:
    """The same for many subjects of one kind, by their id. A fixed number of queries."""
    given = kind.authors(subjects)
    found = {subject.pk: {getattr(subject, "created_by_id", None), *given.get(subject.pk, ())} for subject in subjects}
    about = {"subject_kind": kind.subject_kind, "subject_id__in": list(found)}
    for subject_id, actor_id in Entry.objects.filter(**about).exclude(action__in=kind.decisions).values_list("subject_id", "actor_id").distinct():
        found[subject_id].add(actor_id)
    for subject_id, added_by, removed_by in Evidence.objects.filter(**about).values_list("subject_id", "added_by_id", "removed_by_id").distinct():
        found[subject_id] |= {added_by, removed_by}
    behind = _people_behind({pk for users in found.values() for pk in users if pk is not None})
    return {pk: {person for user in users if user is not None for person in (user, *behind.get(user, ()))} for pk, users in found.items()}


def with_people_behind(user_ids: Iterable[int]) -> set[int]:
    """These users, and for each service account among them whoever made a key for it: what it did was theirs to answer for."""
    known = set(user_ids)
    return known.union(*_people_behind(known).values())


def _people_behind(user_ids: set[int]) -> dict[int, set[int]]:
    """By the id of each service account among these users, those who made a key for it."""
    services = User.objects.filter(pk__in=user_ids, kind=UserKind.SERVICE)
    behind: dict[int, set[int]] = {}
    for service_id, person_id in ApiToken.objects.filter(user__in=services).values_list("user_id", "created_by_id").distinct():
        behind.setdefault(service_id, set()).add(person_id)
    return behind
