"""What evidence and comments can be attached to. Apps further up register their kinds of objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Q

from raiportal.accounts.models import User
from raiportal.policy import Decision
from raiportal.registry import Registry


@dataclass(frozen=True)
class Attachable:
    """One kind of object. `subject_kind` is the model's label in lower case ("harms.harm"), registered in `subject_kinds` too.

    `may_add` says who may attach evidence to an object of it. Its model's manager has `visible_to`, which says who reads what is attached.
    """

    subject_kind: str
    may_add: Callable[[User, Any], Decision]

    @property
    def slug(self) -> str:
        return self.subject_kind


@dataclass(frozen=True)
class EvidenceFollower:
    """What brings itself up to date in the transaction in which evidence is added to an object: `follow` gets the object and who did it."""

    slug: str
    follow: Callable[[Any, User], None]


attachable: Registry[Attachable] = Registry(Attachable)
evidence_followers: Registry[EvidenceFollower] = Registry(EvidenceFollower)


def about_visible(user: User) -> Q:
    """Rows whose subject this person may see; a kind that nobody registered shows nothing."""
    found = Q(pk__in=[])
    for kind in attachable:
        rows = apps.get_model(kind.subject_kind)._default_manager.visible_to(user)  # type: ignore[attr-defined]
        found |= Q(subject_kind=kind.subject_kind, subject_id__in=rows.values("pk"))
    return found
