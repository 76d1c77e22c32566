"""A discussion: comments with the answers to them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

DEEPEST = 3  # levels that are indented; answers below stand at the last one


@dataclass(frozen=True)
class Comment:
    """What somebody said. `text` is plain and always escaped; "" with `is_withdrawn` keeps its place in the discussion.

    `url` is its own page, with what it said before it was changed (`edited_at`) and what may be done to it.
    """

    author: str
    at: datetime.datetime
    text: str
    replies: Sequence[Comment] = ()
    anchor: str = ""
    is_withdrawn: bool = False
    reply_url: str = ""
    url: str = ""
    edited_at: datetime.datetime | None = None


@dataclass(frozen=True)
class PlacedComment:
    comment: Comment
    replies: tuple[PlacedComment, ...]


def placed(comments: Sequence[Comment], level: int = 1) -> tuple[PlacedComment, ...]:
    """Comments as they are drawn: below the deepest level the answers to answers follow each other."""
    if level < DEEPEST:
        return tuple(PlacedComment(comment, placed(comment.replies, level + 1)) for comment in comments)
    return tuple(PlacedComment(comment, ()) for outer in comments for comment in _flat(outer))


def _flat(comment: Comment) -> list[Comment]:
    return [comment, *(below for reply in comment.replies for below in _flat(reply))]
