"""What search finds of comments."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.comments.models import SEARCHED_TEXT, Comment
from raiportal.work.rows import RowSearch, row_source
from raiportal.work.sources import Hit


def _comments(user: User) -> QuerySet[Comment]:
    return Comment.objects.visible_to(user).select_related("author", "scope")  # type: ignore[no-any-return]


def _comment(comment: Comment) -> Hit:
    return Hit(f"Comment by {comment.author.name}", reverse("comment", args=[comment.pk]), comment.scope.name if comment.scope else "")


SOURCE = row_source("comments", "Comments", RowSearch(_comments, SEARCHED_TEXT, _comment, excerpt="text"), order=60)
