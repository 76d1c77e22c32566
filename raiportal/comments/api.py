"""The API's resource about comments."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.api.urls import BothSlashes
from raiportal.comments import actions
from raiportal.comments.models import LONGEST, Comment
from raiportal.errors import Invalid
from raiportal.evidence.selectors import subject_of
from raiportal.keyset import Sort


class CommentOutput(serializers.ModelSerializer[Comment]):
    class Meta:
        model = Comment
        fields = (
            *("id", "subject_kind", "subject_id", "parent", "text", "author", "created_at", "edited_at"),
            *("removed_at", "removed_by", "removed_reason"),
        )
        read_only_fields = fields


class CommentText(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=LONGEST, help_text="Plain text; @ and a user name tells that person.")


class CommentInput(CommentText):
    subject_kind = serializers.CharField(max_length=60, help_text="Such as “harms.harm”.")
    subject_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    parent = serializers.IntegerField(required=False, allow_null=True, help_text="Id of the comment that this answers.")  # type: ignore[assignment]  # an input, not the serializer around it


class CommentRemoval(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2_000)


class CommentFilter(django_filters.FilterSet):
    subject_kind = django_filters.CharFilter(max_length=60)
    subject_id = django_filters.NumberFilter(min_value=1, max_value=2**63 - 1)
    author = django_filters.NumberFilter(field_name="author_id", min_value=1, max_value=2**63 - 1)

    class Meta:
        model = Comment
        fields: list[str] = []


class Comments(Resource):
    """What was said about objects that the caller may see, newest first."""

    ability = Ability.REGISTER
    queryset = Comment.objects.all()
    serializer_class = CommentOutput
    filterset_class = CommentFilter
    sorts = {"id": Sort("pk")}
    default_sort = "-id"

    @extend_schema(request=CommentInput, responses={201: CommentOutput})
    def create(self, request: Request) -> Response:
        """Say something about an object, or answer a comment on it."""

        def act() -> Response:
            data = self.read(CommentInput)
            subject = subject_of(data["subject_kind"], data["subject_id"], self.caller)
            if subject is None:
                raise Invalid("There is none with this id that you may use.", field="subject_id")
            parent = self.find(Comment.objects, data.get("parent"), "parent")
            said = actions.add_comment(subject=subject, text=data["text"], parent=parent, actor=self.caller)
            return self.answer(self.get_queryset().get(pk=said.pk), status=201)

        return self.once(act)

    @extend_schema(request=CommentText, responses=CommentOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change one's own comment, for 15 minutes after it was written."""
        comment = self.visible()
        actions.edit_comment(comment_id=comment.pk, actor=self.caller, **self.read(CommentText))
        return self.answer(self.visible())

    @extend_schema(request=CommentRemoval, responses=CommentOutput)
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, pk: str) -> Response:
        """Delete what a comment said, for good. Its place in the discussion stays."""
        comment = self.visible()
        actions.remove_comment(comment_id=comment.pk, actor=self.caller, **self.read(CommentRemoval))
        return self.answer(self.visible())


router = BothSlashes()
router.register("comments", Comments, basename="api-comment")
urlpatterns = router.urls
