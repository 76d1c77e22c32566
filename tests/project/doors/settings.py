"""The doors of people, tokens, the ledger and the other settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.project.door import ADMINISTERS, MANAGES, READS_EVERYTHING, SIGNED_IN, Who, a_change, a_page, by_pk, reads, why
from tests.project.doors.systems import DEPLOYMENT_SETTINGS

if TYPE_CHECKING:
    from tests.project.world import World


def _entry_of_the_ledger(world: World) -> Mapping[str, Any]:
    from raiportal.audit.models import Entry  # this table is read where no app is loaded

    return {"entry_id": Entry.objects.earliest("pk").pk}


PERSON = by_pk(lambda world: world.somebody, "user_id")
INVITATION = by_pk(lambda world: world.invitation, "invitation_id")  # an administrator's
SETTINGS = [
    a_page("Settings", "Go to the first settings page that one may see", "settings", SIGNED_IN, status=302),
    a_page("Settings", "List people and their roles", "person-list", READS_EVERYTHING),
    a_page("Settings", "Take the list of people away as a file", "person-export", READS_EVERYTHING, at=lambda world: {"format": "csv"}),
    a_page("Settings", "Open the form for a new person", "person-add", ADMINISTERS),
    a_change(
        *("Settings", "Add a person", "person-add", ADMINISTERS, "account_user account_membership"),
        sent=lambda world: {"name": "New Person", "username": "new-person", "password": "a long and new password", "role": "auditor"},
    ),
    a_page("Settings", "Read about a person", "person", READS_EVERYTHING, at=PERSON),
    a_change("Settings", "Give an organisation role", "role-give", ADMINISTERS, "account_membership", at=PERSON, sent=lambda world: {"role": "risk_manager"}),
    a_change(
        *("Settings", "Take an organisation role", "role-take", ADMINISTERS, "account_membership"),
        at=by_pk(lambda world: world.somebodys_role, "membership_id"),
        sent=why,
    ),
    a_change("Settings", "Keep somebody out, let them in", "person-set-active", ADMINISTERS, "account_user", at=PERSON, sent=why),
    a_change(
        *("Settings", "Make somebody a link to a new password", "person-password-link", ADMINISTERS, "account_invitation"), at=PERSON, sent=why, status=200
    ),
    a_change("Settings", "Take somebody's second factors away", "person-factors-reset", ADMINISTERS, "mfa_authenticator", at=PERSON, sent=why),
    a_change("Settings", "Sign somebody out everywhere", "person-sessions-end", ADMINISTERS, "account_sign_in", at=PERSON, sent=why),
    a_page("Settings", "List invitations, or one's own", "invitation-list", READS_EVERYTHING | {Who.OWNER, Who.FOREIGNER}),
    a_page("Settings", "Open the form for an invitation", "invitation-add", MANAGES | {Who.OWNER, Who.FOREIGNER}),
    a_change(
        *("Settings", "Make a new link for an invitation", "invitation-resend", ADMINISTERS, "account_invitation"),
        knows=READS_EVERYTHING,
        at=INVITATION,
        status=200,
    ),
    a_change(*("Settings", "Take an invitation back", "invitation-revoke", ADMINISTERS, "account_invitation"), knows=READS_EVERYTHING, at=INVITATION, sent=why),
    a_page("Settings", "List one's own API tokens", "token-list", SIGNED_IN),
    a_change(
        *("Settings", "Make an API token for oneself", "token-add", SIGNED_IN, "account_api_token"),
        sent=lambda world: {"name": "pipeline", "ability": "read", "lifetime": "90"},
        status=200,
    ),
    a_page("Settings", "List everybody's API tokens", "token-all", READS_EVERYTHING),
    a_page("Settings", "Take the list of tokens away as a file", "token-export", READS_EVERYTHING, at=lambda world: {"format": "json"}),
    a_page("Settings", "List service accounts", "service-list", READS_EVERYTHING),
    a_page("Settings", "Open the form for a service account", "service-add", ADMINISTERS),
    a_change(
        *("Settings", "Add a service account", "service-add", ADMINISTERS, "account_user"),
        sent=lambda world: {"name": "New Pipeline", "username": "new-pipeline", "purpose": "Runs at night; Ada answers for it."},
    ),
    a_change(
        *("Settings", "Make a token of a service account", "service-token-add", ADMINISTERS, "account_api_token"),
        at=by_pk(lambda world: world.service, "user_id"),
        sent=lambda world: {"name": "pipeline", "ability": "measure", "lifetime": "90"},
        status=200,
    ),
    a_change(
        *("Settings", "Revoke a token (the owner's)", "token-revoke", frozenset({Who.ADMINISTRATOR, Who.OWNER}), "account_api_token"),
        knows=frozenset({Who.ADMINISTRATOR, Who.OWNER}),
        at=by_pk(lambda world: world.tokens[Who.OWNER], "token_id"),
    ),
    a_page("Settings", "Read the ledger", "ledger", READS_EVERYTHING),
    a_page("Settings", "Read one entry of the ledger", "ledger-entry", READS_EVERYTHING, at=_entry_of_the_ledger),
    a_change(
        *("Settings", "Take entries of the ledger away (recorded)", "ledger-export", READS_EVERYTHING, "audit_entry"),
        status=200,
        sent=lambda world: {"format": "csv"},
    ),
    a_change(*("Settings", "Take the whole ledger away (recorded)", "ledger-file", READS_EVERYTHING, "audit_entry"), status=200),
    a_page("Settings", "See how the ledger is sealed and verified", "ledger-proof", READS_EVERYTHING),
    a_page("Settings", "Take the verifier of the ledger away", "ledger-verifier", READS_EVERYTHING),
    a_change("Settings", "Erase what an entry of the ledger says", "ledger-entry-erase", ADMINISTERS, "audit_payload", at=_entry_of_the_ledger, sent=why),
    a_change(
        *("Settings", "Erase who somebody is", "person-erase", ADMINISTERS, "account_user account_sign_in mfa_authenticator"),
        at=PERSON,
        sent=why,
    ),
    a_page("Settings", "See how the installation works", "status", READS_EVERYTHING),
    a_page("Settings", "Read the same over the API", "api-status", READS_EVERYTHING),
    a_page("Settings", "Read the figures for Prometheus", "api-metrics", ADMINISTERS),
    reads("Settings", "Read the history of an object", "history", lambda world: {"kind": "systems.aisystem", "pk": world.s1.system.pk}),
    a_page("Settings", "List the organisation's deployments", "organisation-deployment-list", READS_EVERYTHING),
    a_page("Settings", "Open the form for a deployment of the organisation", "organisation-deployment-add", ADMINISTERS),
    a_change(
        *("Settings", "Add a deployment of the organisation", "organisation-deployment-add", ADMINISTERS, "deployment configuration"),
        sent=lambda world: DEPLOYMENT_SETTINGS,
    ),
    a_page("Settings", "Open the form for a configuration of the organisation", "organisation-configuration-add", ADMINISTERS),
    a_change(
        *("Settings", "Make a configuration of the organisation's deployment", "organisation-configuration-add", ADMINISTERS, "configuration"),
        sent=lambda world: {"deployment": world.organisation_deployment.pk, "temperature": "0.9"},
    ),
]
