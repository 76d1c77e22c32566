"""How the ledger's pages find and name comments."""

from __future__ import annotations

from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from raiportal.comments.models import Comment


def _find(pk: int, user: User) -> Comment | None:
    return Comment.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


COMMENT = SubjectKind(slug="comments.comment", name="Comment", find=_find, url=lambda comment: reverse("comment", args=[comment.pk]))
