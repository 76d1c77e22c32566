"""How the ledger's pages find and name deadlines: one is seen by whoever sees what it is of."""

from __future__ import annotations

from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind, subject_kinds
from raiportal.deadlines.kinds import deadline_kinds
from raiportal.deadlines.models import Deadline


def _find(pk: int, user: User) -> Deadline | None:
    deadline = Deadline.objects.filter(pk=pk).first()
    kind = subject_kinds.get(deadline.subject_kind) if deadline else None
    return deadline if deadline and kind and kind.find(deadline.subject_id, user) is not None else None


def _url(deadline: Deadline) -> str:
    kind = deadline_kinds.get(deadline.kind)
    return kind.url(deadline) if kind else reverse("work")


DEADLINE = SubjectKind("deadlines.deadline", "Deadline", find=_find, url=_url)
