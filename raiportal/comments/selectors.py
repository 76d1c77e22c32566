"""Comments as pages and notices need them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import models

from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.comments.models import Comment

MENTION = re.compile(r"(?<![\w@.+-])@([\w.@+-]{1,150})")
MOST_MENTIONED = 20  # people that one comment can call
MOST_SHOWN = 200  # comments on a panel, the newest


@dataclass
class Thread:
    """A comment with the answers to it, oldest first."""

    comment: Comment
    answers: list[Comment] = field(default_factory=list)


def threads(subject: models.Model) -> list[Thread]:
    """What was said about an object, oldest first, answers below what they answer to. One query; of very many the newest."""
    newest = list(Comment.objects.of(subject).select_related("author", "removed_by").order_by("-pk")[:MOST_SHOWN])
    found: dict[int, Thread] = {}
    for comment in reversed(newest):
        place = found.get(comment.parent_id or 0)
        if place is None:
            found[comment.pk] = Thread(comment)
        else:
            place.answers.append(comment)
    return list(found.values())


def mentioned(text: str) -> list[User]:
    """People whom a text calls by @ and their user name, whoever may see it; a full stop after a name is the sentence's. One query."""
    names = {name for found in MENTION.findall(text) for name in (found, found.rstrip(".+-@"))}
    known = User.objects.filter(username__in=sorted(names)[: 2 * MOST_MENTIONED], is_active=True, kind=UserKind.PERSON)
    return list(known.order_by("pk")[:MOST_MENTIONED])


def revisions(comment: Comment) -> Sequence[str]:
    """What it said before, oldest first."""
    return list(comment.revisions.order_by("pk").values_list("text", flat=True))
