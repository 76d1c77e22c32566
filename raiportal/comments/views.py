"""Comments: saying something, its page, changing and removing it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal import clocks
from raiportal.accounts.requests import SignedInRequest
from raiportal.audit.subjects import SubjectKind, subject_kinds
from raiportal.comments import actions, policies, selectors
from raiportal.comments.forms import CommentForm
from raiportal.comments.models import Comment
from raiportal.errors import Invalid
from raiportal.evidence.selectors import subject_of
from raiportal.look.forms import add_refusal, reason_in

LONGEST_ID = 18  # digits


@require_http_methods(["GET", "HEAD", "POST"])
def comment_add(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """The form for a comment, or with `?reply=` for the answer to one."""
    subject, registered = _subject(request, kind, pk)
    policies.may_comment(request.user, subject).require()
    answered = _answered(request, subject)
    form = CommentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            said = actions.add_comment(subject=subject, parent=answered, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Answered." if answered else "Comment added.")
            return redirect(f"{registered.url(subject).split('#')[0]}#comment-{said.pk}")
    context = {"form": form, "subject": subject, "kind": registered, "subject_url": registered.url(subject), "answered": answered}
    return render(request, "comments/comment_add.html", context, status=422 if form.errors else 200)


@require_safe
def comment(request: SignedInRequest, comment_id: int) -> HttpResponse:
    """One comment with what it said before, and what may be done to it."""
    shown = _comment(request, comment_id)
    subject, registered = _subject(request, shown.subject_kind, shown.subject_id)
    context = {
        "comment": shown,
        "subject": subject,
        "kind": registered,
        "subject_url": registered.url(subject),
        "revisions": selectors.revisions(shown),
        "may_edit": shown.removed_at is None and policies.may_edit(request.user, shown, clocks.now()),
        "may_remove": shown.removed_at is None and policies.may_remove(request.user, shown),
    }
    return render(request, "comments/comment.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def comment_edit(request: SignedInRequest, comment_id: int) -> HttpResponse:
    shown = _comment(request, comment_id)
    subject, registered = _subject(request, shown.subject_kind, shown.subject_id)
    policies.may_edit(request.user, shown, clocks.now()).require()
    form = CommentForm(request.POST or None, initial={"text": shown.text})
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_comment(comment_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Comment changed. What it said before is kept.")
            return redirect("comment", shown.pk)
    context = {"form": form, "comment": shown, "subject": subject, "kind": registered, "subject_url": registered.url(subject)}
    return render(request, "comments/comment_edit.html", context, status=422 if form.errors else 200)


@require_POST
def comment_remove(request: SignedInRequest, comment_id: int) -> HttpResponse:
    shown = _comment(request, comment_id)
    actions.remove_comment(comment_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, "Comment removed. Its place in the discussion stays.")
    return redirect("comment", shown.pk)


def _subject(request: SignedInRequest, kind: str, pk: int) -> tuple[Any, SubjectKind]:
    subject = subject_of(kind, pk, request.user)
    if subject is None:
        raise Http404
    return subject, subject_kinds[kind]


def _answered(request: SignedInRequest, subject: Any) -> Comment | None:
    asked = request.GET.get("reply", "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdigit() and len(asked) <= LONGEST_ID):
        raise Http404
    found: Comment = get_object_or_404(Comment.objects.of(subject).select_related("author"), pk=int(asked))
    return found


def _comment(request: SignedInRequest, comment_id: int) -> Comment:
    found: Comment = get_object_or_404(Comment.objects.visible_to(request.user).select_related("author", "removed_by"), pk=comment_id)
    return found
