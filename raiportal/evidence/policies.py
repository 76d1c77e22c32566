"""Who may attach evidence to an object, and take it away."""

from __future__ import annotations

from django.db import models

from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.evidence.subjects import attachable
from raiportal.policy import ALLOWED, Decision, denied


def may_add(user: User, subject: models.Model) -> Decision:
    """What the kind of object says; removing asks for the same."""
    kind = attachable.get(subject._meta.label_lower)
    if kind is None:
        return denied(f"Evidence can't be attached to {subject._meta.verbose_name_plural}.")
    return kind.may_add(user, subject)


def may_drop_files(user: User) -> Decision:
    return ALLOWED if user.kind == UserKind.SYSTEM else denied("The portal deletes files that nothing needs by itself.")
