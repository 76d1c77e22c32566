"""Who may say something about an object, change it, and take it away."""

from __future__ import annotations

import datetime

from django.db import models

from raiportal.accounts import roles
from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import User
from raiportal.audit.ledger import scope_of
from raiportal.comments.models import Comment
from raiportal.policy import ALLOWED, Decision, denied

TAKE_PART = (Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.INCIDENT_RESPONDER, Role.OWNER, Role.CONTRIBUTOR, Role.RED_TEAMER, Role.REVIEWER)
MODERATE = (Role.ADMINISTRATOR, Role.RISK_MANAGER)
EDITABLE = datetime.timedelta(minutes=15)  # after which others may have answered to what stood there


def may_comment(user: User, subject: models.Model) -> Decision:
    """Whoever takes part in the work on an object that they see. Viewers and auditors read."""
    if roles.holds(user, *TAKE_PART, scope_id=scope_of(subject)):
        return ALLOWED
    return denied("Only people who take part in the work on this can comment. Viewers and auditors read.")


def may_edit(user: User, comment: Comment, now: datetime.datetime) -> Decision:
    if user.pk != comment.author_id:
        return denied("Only its author can change a comment.")
    if now - comment.created_at > EDITABLE:
        return denied("A comment can be changed for 15 minutes. Write another below it.")
    return ALLOWED


def may_remove(user: User, comment: Comment) -> Decision:
    if user.pk == comment.author_id or roles.holds(user, *MODERATE, scope_id=comment.scope_id):
        return ALLOWED
    return denied("Only its author, a risk manager or an administrator can remove a comment.")


def may_forget(user: User) -> Decision:
    """Taking out what an erased person said."""
    if user.kind == UserKind.SYSTEM or roles.holds(user, Role.ADMINISTRATOR):
        return ALLOWED
    return denied("Only an administrator can erase what somebody said.")
