"""How the history page finds people, their tokens, and entries of catalogues and of the ledger."""

from __future__ import annotations

from django.urls import reverse

from raiportal.accounts import policies, selectors
from raiportal.accounts.models import ApiToken, User
from raiportal.audit.models import Entry
from raiportal.audit.subjects import SubjectKind
from raiportal.catalogues.models import CatalogueEntry


def _find(pk: int, user: User) -> User | None:
    return selectors.people().filter(pk=pk).first() if policies.may_read_everything(user) else None


def _url(person: User) -> str:
    return reverse("person", args=[person.pk])


PERSON = SubjectKind(slug="accounts.user", name="Person", find=_find, url=_url)


def _entry(pk: int, user: User) -> CatalogueEntry | None:
    return CatalogueEntry.objects.filter(pk=pk).first()


ENTRY = SubjectKind(slug="catalogues.catalogueentry", name="Entry of a catalogue", find=_entry, url=lambda entry: reverse("catalogue-entry", args=[entry.pk]))


def _token(pk: int, user: User) -> ApiToken | None:
    return ApiToken.objects.filter(pk=pk).first() if policies.may_read_everything(user) else None


def _ledger_entry(pk: int, user: User) -> Entry | None:
    return Entry.objects.filter(pk=pk).first() if policies.may_read_everything(user) else None


TOKEN = SubjectKind(slug="accounts.apitoken", name="API token", find=_token, url=lambda token: reverse("person", args=[token.user_id]))
LEDGER_ENTRY = SubjectKind(slug="audit.entry", name="Entry of the ledger", find=_ledger_entry, url=lambda entry: reverse("ledger-entry", args=[entry.pk]))
