"""Kinds of users, and roles."""

from __future__ import annotations

from django.db import models


class UserKind(models.TextChoices):
    PERSON = "person", "Person"
    SERVICE = "service", "Service account"
    SYSTEM = "system", "The portal itself"


class Role(models.TextChoices):
    """What somebody is, for the whole organisation or for one scope. What a role may do stands in each app's policies."""

    ADMINISTRATOR = "administrator", "Administrator"
    RISK_MANAGER = "risk_manager", "Risk manager"
    AUDITOR = "auditor", "Auditor"
    EXECUTIVE = "executive", "Executive"
    INCIDENT_RESPONDER = "incident_responder", "Incident responder"
    FEEDBACK_HANDLER = "feedback_handler", "Feedback and appeals handler"
    OWNER = "owner", "Owner"
    CONTRIBUTOR = "contributor", "Contributor"
    RED_TEAMER = "red_teamer", "Red teamer"
    LABELLER = "labeller", "Labeller"
    REVIEWER = "reviewer", "Reviewer"
    VIEWER = "viewer", "Viewer"


ORGANISATION_ROLES = frozenset({Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.AUDITOR, Role.EXECUTIVE, Role.INCIDENT_RESPONDER, Role.FEEDBACK_HANDLER})
SCOPE_ROLES = frozenset({Role.OWNER, Role.CONTRIBUTOR, Role.RED_TEAMER, Role.LABELLER, Role.INCIDENT_RESPONDER, Role.REVIEWER, Role.VIEWER})
# In one line for whoever gives them; what exactly a role may do is in docs/permissions.md.
ORGANISATION_ROLE_MEANINGS: dict[str, str] = {
    Role.ADMINISTRATOR: "Manages people, roles, settings and every system.",
    Role.RISK_MANAGER: "Manages every system and reads the ledger.",
    Role.AUDITOR: "Reads everything, the ledger too; changes nothing.",
    Role.EXECUTIVE: "Reads the portfolio and each system's overview.",
    Role.INCIDENT_RESPONDER: "Reads every system, to respond to incidents.",
    Role.FEEDBACK_HANDLER: "Reads each system's overview, to answer feedback and appeals.",
}
SCOPE_ROLE_MEANINGS: dict[str, str] = {
    Role.OWNER: "Manages the system, its people and its deployments.",
    Role.CONTRIBUTOR: "Makes and changes what is in it: harms, sets, runs.",
    Role.RED_TEAMER: "Reads the system, to probe it for harms.",
    Role.LABELLER: "Labels outputs; of the system they see the overview alone.",
    Role.INCIDENT_RESPONDER: "Reads the system, to respond to its incidents.",
    Role.REVIEWER: "Reads the system and signs off, in chosen kinds of review.",
    Role.VIEWER: "Reads the system; changes nothing.",
}
SEES_EVERYTHING = frozenset({Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.AUDITOR, Role.INCIDENT_RESPONDER})
SEES_OVERVIEWS = SEES_EVERYTHING | {Role.EXECUTIVE, Role.FEEDBACK_HANDLER}  # the portfolio and each system's overview, for the organisation
READS_SCOPE = SCOPE_ROLES - {Role.LABELLER}  # a labeller works blind: of the system just its overview, beside what waits to be labelled


class Source(models.TextChoices):
    """Who says that somebody holds a role: a person who gave it, or the identity provider at each sign-in."""

    MANUAL = "manual", "Given by hand"
    SINGLE_SIGN_ON = "single_sign_on", "Single sign-on"


class InvitationKind(models.TextChoices):
    ACCOUNT = "account", "A new account"
    PASSWORD = "password", "A new password"  # the name of a kind


class SignInMethod(models.TextChoices):
    """How somebody got in; a second factor may have been asked for on top."""

    PASSWORD = "password", "Password"  # the name of a way in
    PASSKEY = "passkey", "Passkey"
    SINGLE_SIGN_ON = "single_sign_on", "Single sign-on"
    INVITATION = "invitation", "Invitation"


class Ability(models.TextChoices):
    """What an API token may be used for; never more than its owner may do."""

    ALL = "all", "Read and change everything"
    READ = "read", "Read only"
    REGISTER = "register", "Read, and change systems and their harms"
    MEASURE = "measure", "Read, and change what is measured"
    METRICS = "metrics", "Read the portal's own operating figures"
