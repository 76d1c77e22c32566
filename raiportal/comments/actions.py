"""Saying something about an object, changing it, taking it away. The ledger notes that it was said, never what."""

from __future__ import annotations

import re
from typing import Any

from django.db import models, transaction
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.comments import kinds, policies, selectors
from raiportal.comments.models import LONGEST, Comment, CommentRevision
from raiportal.errors import Conflict, Invalid, Missing
from raiportal.evidence.selectors import subject_behind
from raiportal.evidence.subjects import attachable
from raiportal.notifications.actions import notify

EMPTY = "Write something first."
ERASED = "The person was erased."


@transaction.atomic
def add_comment(*, subject: models.Model, text: str, parent: Comment | None = None, actor: User) -> Comment:
    """Say something about an object, or (given a `parent`) answer. Tells whom the text mentions and whom it answers. Raises PolicyDenied, Invalid, Conflict."""
    policies.may_comment(actor, subject).require()
    if attachable.get(subject._meta.label_lower) is None:
        raise Invalid("There are no comments on this.")
    answered = _answered(parent, subject)
    comment = Comment(
        scope_id=ledger.scope_of(subject),
        subject_kind=subject._meta.label_lower,
        subject_id=subject.pk,
        parent=answered,
        text=_words(text),
        author=actor,
    )
    require_clean(comment)
    comment.save(force_insert=True)
    ledger.record("comments.comment_added", subject=comment, actor=actor, about={"kind": comment.subject_kind, "id": comment.subject_id})
    _tell(comment, subject, actor)
    return comment


@transaction.atomic
def edit_comment(*, comment_id: int, text: str, actor: User) -> Comment:
    """Change what one said a moment ago; what stood there is kept. Raises PolicyDenied, Invalid, Conflict."""
    comment: Comment = Comment.objects.lock(comment_id)
    now = clocks.now()
    policies.may_edit(actor, comment, now).require()
    _require_there(comment)
    given = _words(text)
    if given == comment.text:
        return comment
    subject = _subject_of(comment)
    policies.may_comment(actor, subject).require()
    CommentRevision.objects.create(comment=comment, text=comment.text)
    comment.text, comment.edited_at = given, now
    require_clean(comment)
    comment.save(update_fields=["text", "edited_at"])
    ledger.record("comments.comment_edited", subject=comment, actor=actor)
    _tell(comment, subject, actor)
    return comment


@transaction.atomic
def remove_comment(*, comment_id: int, reason: str, actor: User) -> Comment:
    """Take away what was said, for good; its place in the discussion stays. Raises PolicyDenied, Invalid, Conflict."""
    comment: Comment = Comment.objects.lock(comment_id)
    policies.may_remove(actor, comment).require()
    _require_there(comment)
    _blank(comment, require_text(reason, field="reason", sentence="Say why."), actor)
    ledger.record("comments.comment_removed", subject=comment, actor=actor, reason=comment.removed_reason)
    return comment


@transaction.atomic
def forget_person(person: User, actor: User) -> None:
    """Take out what a person said, who is being erased, and their user name where others called them. The row of each comment stays."""
    policies.may_forget(actor).require()
    for comment in Comment.objects.filter(author=person, removed_at=None).select_for_update(no_key=True).order_by("pk"):
        _blank(comment, ERASED, actor)
    name = re.compile(rf"(?<![\w@.+-])@{re.escape(person.username)}(?![\w@+-]|\.\w)", re.IGNORECASE)
    called = f"@{person.username}"
    for comment in Comment.objects.filter(text__icontains=called).select_for_update(no_key=True).order_by("pk"):
        comment.text = name.sub(f"@erased-{person.pk}", comment.text)
        comment.save(update_fields=["text"])
    for revision in CommentRevision.objects.filter(text__icontains=called).select_for_update(no_key=True).order_by("pk"):
        revision.text = name.sub(f"@erased-{person.pk}", revision.text)
        revision.save(update_fields=["text"])


def _words(text: str) -> str:
    """What somebody says, as it is kept. Raises Invalid."""
    said = require_text(text, field="text", sentence=EMPTY)
    if len(said) > LONGEST:
        raise Invalid(f"A comment has at most {LONGEST:,} characters. Attach the text as evidence.", field="text")
    return said


def _answered(parent: Comment | None, subject: models.Model) -> Comment | None:
    """What an answer stands below: of a discussion, its first comment, since answers have no answers."""
    if parent is None:
        return None
    if (parent.subject_kind, parent.subject_id) != (subject._meta.label_lower, subject.pk):
        raise Invalid("There is no such comment here.", field="parent")
    first: Comment = Comment.objects.lock(parent.parent_id or parent.pk)
    if first.removed_at is not None:
        raise Conflict("This comment was removed meanwhile. Write a new one.", code="removed_already")
    return first


def _subject_of(comment: Comment) -> models.Model:
    subject: models.Model | None = subject_behind(comment)
    if subject is None:
        raise Missing("What this was about isn't there any more.")
    return subject


def _require_there(comment: Comment) -> None:
    if comment.removed_at is not None:
        raise Conflict("This comment was removed already.", code="removed_already")


def _blank(comment: Comment, reason: str, actor: User) -> None:
    comment.text, comment.removed_at, comment.removed_by, comment.removed_reason = "", clocks.now(), actor, reason
    require_clean(comment)
    comment.save(update_fields=["text", "removed_at", "removed_by", "removed_reason"])
    comment.revisions.update(text="")


def _tell(comment: Comment, subject: Any, actor: User) -> None:
    """Whom the text calls, once for each comment; and who is answered, unless the text calls them anyway. Names stay out: notices outlive them."""
    called = selectors.mentioned(comment.text)
    told = {"subject": subject, "url": reverse("comment", args=[comment.pk]), "scope": comment.scope_id, "key": f"comment-{comment.pk}", "actor": actor}
    if called:
        notify(kinds.MENTIONED.slug, recipients=called, title=f"You were mentioned in a comment on {subject}", **told)
    if comment.parent is not None and comment.edited_at is None:
        others = {comment.parent.author_id} - {person.pk for person in called}
        notify(kinds.ANSWERED.slug, recipients=others, title=f"Your comment on {subject} was answered", **told)
