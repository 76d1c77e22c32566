"""Two systems with everything in them, and people with every role: S1, about which the tests ask, and S2, from where others look at it.

Built once for a module of tests inside a transaction that is rolled back at its end; each test gets it behind a savepoint of its own.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client

from raiportal.accounts import actions as account_actions
from raiportal.accounts import invitations
from raiportal.accounts.enums import Ability, Role, SignInMethod
from raiportal.accounts.invitations import OfferedRole
from raiportal.accounts.models import ApiToken, Invitation, Membership, SignIn, User
from raiportal.catalogues import actions as catalogue_actions
from raiportal.catalogues.models import CatalogueEntry
from raiportal.notifications import actions as notifications
from systems import actions as system_actions
from systems.models import (
    AISystem,
    Configuration,
    Deployment,
    ModelCard,
)
from tests.factories.accounts import PASSWORD, make_review_kind, make_token, make_user
from tests.factories.systems import LOCAL
from tests.project.door import Who
from tests.project.estate import Estate, build_estate
from tests.project.watching import Watch, watch
from tests.project.wording import Words, elsewhere, plainly

ORGANISATION_ROLES = {
    Who.AUDITOR: Role.AUDITOR,
    Who.EXECUTIVE: Role.EXECUTIVE,
    Who.ORGANISATION_RESPONDER: Role.INCIDENT_RESPONDER,
    Who.FEEDBACK_HANDLER: Role.FEEDBACK_HANDLER,
}
SCOPE_ROLES = {  # beside owner and viewer
    Who.CONTRIBUTOR: Role.CONTRIBUTOR,
    Who.RED_TEAMER: Role.RED_TEAMER,
    Who.LABELLER: Role.LABELLER,
    Who.REVIEWER: Role.REVIEWER,
    Who.SCOPE_RESPONDER: Role.INCIDENT_RESPONDER,
}


@dataclass(frozen=True)
class Retired:
    """A retired system in which the same people have the same roles."""

    system: AISystem


@dataclass(frozen=True)
class World:
    """Both estates, who looks at them, and what belongs to the organisation."""

    s1: Estate
    s1_retired: Retired
    s2: Estate
    people: dict[Who, User]
    sessions: dict[Who, str]
    keys: dict[Who, str]
    somebody: User  # a person without a role, on whom administrators act
    somebodys_role: Membership
    somebodys_factor: Authenticator
    elsewhere: dict[Who, SignIn]  # another browser of each person's
    invitation: Invitation  # an administrator's
    invitation_token: str
    service: User  # an account of a program
    organisation_deployment: Deployment
    model_card: ModelCard
    archived_card: ModelCard
    organisation_configuration: Configuration
    shipped_entry: CatalogueEntry
    edited_entry: CatalogueEntry
    ended_entry: CatalogueEntry
    tokens: dict[Who, ApiToken]
    digests: dict[str, str]  # of all tables, as every test finds them
    nowhere: dict[Who, set[tuple[int, bytes]]]  # the answers that each got so far for ids that nothing has

    def watch(self) -> Watch:
        """Watch the tables from the beginning of a test on."""
        return watch(self.digests)

    def browser(self, who: Who, **options: Any) -> Client:
        """A browser in which this person is signed in, or nobody is."""
        client = Client(**options)
        if who in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[who]
        return client

    def program(self, who: Who, **options: Any) -> Client:
        """A program with this person's token, or with none."""
        return Client(headers={"Authorization": f"Bearer {self.keys[who]}"} if who in self.keys else None, **options)


def build(words: Words = plainly) -> World:
    """S1 says what `words` gives for each of its texts; S2 speaks plainly."""
    administrator, manager = make_user(Role.ADMINISTRATOR), make_user(Role.RISK_MANAGER)
    make_user(Role.RISK_MANAGER)  # who can sign what the other one asks for
    s1, s2 = build_estate(manager, words), build_estate(manager, elsewhere)
    people = {
        Who.ADMINISTRATOR: administrator,
        Who.RISK_MANAGER: manager,
        **{who: make_user(role) for who, role in ORGANISATION_ROLES.items()},
        Who.OWNER: s1.owner,
        **{who: make_user(role, scope=s1.system.scope) for who, role in SCOPE_ROLES.items()},
        Who.VIEWER: s1.viewer,
        Who.FOREIGNER: s2.owner,
        Who.NOBODY: make_user(),
    }
    keys = {who: make_token(person) for who, person in people.items()}
    keys[Who.READING_TOKEN] = make_token(s1.owner, ability=Ability.READ)
    User.objects.filter(pk__in=[person.pk for person in people.values()]).update(password=make_password(PASSWORD))
    somebody = make_user(Role.AUDITOR)
    sessions = {who: _signed_in(User.objects.get(pk=person.pk)) for who, person in people.items()}
    _signed_in_elsewhere(somebody)
    offered = [OfferedRole(Role.AUDITOR)]
    invited = invitations.invite(name=words("invited name")[:120], email="invited@example.test", offered=offered, actor=administrator)
    _tell_everybody(people)
    shared = system_actions.add_deployment(system=None, name="Shared endpoint", base_url=LOCAL, model="judge", api_key="", actor=administrator)
    return World(
        s1=s1,
        s1_retired=_retired(s1, manager, people, words),
        s2=s2,
        people=people,
        sessions=sessions,
        keys=keys,
        somebody=somebody,
        somebodys_role=somebody.memberships.get(),
        somebodys_factor=Authenticator.objects.create(user=somebody, type=Authenticator.Type.TOTP, data={"secret": encrypt("JBSWY3DPEHPK3PXP")}),
        elsewhere={who: _signed_in_elsewhere(person) for who, person in people.items()},
        invitation=invited.invitation,
        invitation_token=invited.link.rstrip("/").rsplit("/", 1)[1],
        service=account_actions.add_service_account(username="pipeline", name="Pipeline", purpose="Tries the doors.", actor=administrator),
        organisation_deployment=shared,
        model_card=_card("1", manager),
        archived_card=system_actions.archive_model_card(card_id=_card("2", manager).pk, reason="Tried by a test.", actor=manager),
        organisation_configuration=Configuration.objects.get(deployment=shared),
        shipped_entry=CatalogueEntry.objects.get(catalogue="regions", slug="oceania"),
        edited_entry=_edited_entry(administrator),
        ended_entry=_ended_entry(administrator),
        tokens={who: ApiToken.objects.filter(user=person).latest("pk") for who, person in people.items()},
        digests=watch().digests,
        nowhere={who: set() for who in Who},
    )


def _tell_everybody(people: dict[Who, User]) -> None:
    notifications.notify(
        "notifications.webhook_gone", recipients=people.values(), subject=None, title="Told to everybody", url="/", key="everybody", actor=User.system()
    )


def _signed_in_elsewhere(person: User) -> SignIn:
    return SignIn.objects.create(user=person, session_key=f"elsewhere-{person.pk}", method=SignInMethod.PASSWORD, device="Firefox on Linux")


def _edited_entry(administrator: User) -> CatalogueEntry:
    entry = CatalogueEntry.objects.get(catalogue="regions", slug="europe")
    return catalogue_actions.edit_entry(
        entry_id=entry.pk, content={"title": "The continent", "body": entry.body}, reason="Tried by a test.", seen=entry.number, actor=administrator
    )


def _ended_entry(administrator: User) -> CatalogueEntry:
    entry = CatalogueEntry.objects.get(catalogue="regions", slug="antarctica")
    return catalogue_actions.end_entry(entry_id=entry.pk, on=datetime.date(2026, 11, 22), reason="Tried by a test.", actor=administrator)


def _card(version: str, manager: User) -> ModelCard:
    return system_actions.add_model_card(developer="A lab", family="A model", version=version, actor=manager)


def _signed_in(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _retired(s1: Estate, manager: User, people: dict[Who, User], words: Words) -> Retired:
    system = system_actions.add_system(name=words("retired system name"), purpose=words("purpose"), owner=s1.owner, actor=manager)
    for who, role in {**SCOPE_ROLES, Who.VIEWER: Role.VIEWER}.items():
        kind = make_review_kind() if role == Role.REVIEWER else None
        Membership.objects.create(user=people[who], scope=system.scope, role=role, review_kind=kind, created_by=manager)
    system_actions.retire_system(system_id=system.pk, reason=words("reason for retiring"), actor=manager)
    return Retired(system)
