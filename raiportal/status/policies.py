"""Who may read how the installation works."""

from __future__ import annotations

from raiportal.accounts import roles
from raiportal.accounts.enums import Ability, Role, UserKind
from raiportal.accounts.models import ApiToken, User
from raiportal.accounts.policies import may_read_everything
from raiportal.policy import ALLOWED, Decision, denied


def may_read_status(user: User) -> Decision:
    return may_read_everything(user)


def may_read_metrics(user: User, token: ApiToken | None) -> Decision:
    """Administrators; and a service account's token that is for nothing else, which is what Prometheus gets."""
    if roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    if token is not None and token.ability == Ability.METRICS and user.kind == UserKind.SERVICE:
        return ALLOWED
    return denied("Only administrators, and service accounts with a token for these figures, can read them.")
