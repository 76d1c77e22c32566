"""The panel with what was said about an object, on the object's page."""

from __future__ import annotations

from typing import Any

from django import template
from django.db import models
from django.template import Context
from django.urls import reverse

from raiportal.accounts import roles
from raiportal.audit.ledger import scope_of
from raiportal.comments import policies, selectors
from raiportal.comments.forms import CommentForm
from raiportal.comments.models import Comment
from raiportal.evidence.subjects import attachable
from raiportal.look import comments as look

register = template.Library()


@register.inclusion_tag("comments/_comments_panel.html", takes_context=True)
def comments_panel(context: Context, subject: models.Model) -> dict[str, Any]:
    """`{% comments_panel harm %}`: what was said, and the form for more; nothing for somebody who may only read the object's overview. One query."""
    user, kind = context["request"].user, subject._meta.label_lower
    if attachable.get(kind) is None or not roles.sees(user, scope_of(subject)):
        return {"kind": ""}
    found = selectors.threads(subject)
    may_comment = policies.may_comment(user, subject)
    return {
        "kind": kind,
        "add_url": reverse("comment-add", args=[kind, subject.pk]),
        "thread": drawn(found, may_answer=bool(may_comment)),
        "count": sum(1 + len(thread.answers) for thread in found),
        "may_comment": may_comment,
        "form": CommentForm(auto_id="comment_%s"),
        "csrf_token": context.get("csrf_token"),
    }


def drawn(threads: list[selectors.Thread], *, may_answer: bool) -> list[look.Comment]:
    """Threads as the look's discussion shows them."""
    return [_drawn(thread.comment, [_drawn(answer, (), may_answer=False) for answer in thread.answers], may_answer=may_answer) for thread in threads]


def _drawn(comment: Comment, replies: Any, *, may_answer: bool) -> look.Comment:
    reply_url = f"{reverse('comment-add', args=[comment.subject_kind, comment.subject_id])}?reply={comment.pk}" if may_answer else ""
    return look.Comment(
        author=comment.author.name,
        at=comment.created_at,
        text=comment.text,
        replies=replies,
        anchor=f"comment-{comment.pk}",
        is_withdrawn=comment.removed_at is not None,
        reply_url=reply_url,
        url=reverse("comment", args=[comment.pk]),
        edited_at=comment.edited_at,
    )
