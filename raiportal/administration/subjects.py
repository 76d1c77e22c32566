"""How the history page finds people."""

from __future__ import annotations

from django.urls import reverse

from raiportal.accounts import policies, selectors
from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind


def _find(pk: int, user: User) -> User | None:
    return selectors.people().filter(pk=pk).first() if policies.may_read_everything(user) else None


def _url(person: User) -> str:
    return reverse("person", args=[person.pk])


PERSON = SubjectKind(slug="accounts.user", name="Person", find=_find, url=_url)
