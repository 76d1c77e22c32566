"""The API of what is decided about one harm: treatment, reviews, resolving, reopening, merging. Accepting is a sign-off, see `sign-off-requests`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, selectors
from harms.api.harm_output import HarmOutput
from harms.enums import Treatment
from harms.models import Harm
from raiportal import clocks
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from systems import selectors as system_selectors


class TreatmentInput(serializers.Serializer[Any]):
    treatment = serializers.ChoiceField(Treatment.choices, allow_blank=True, help_text="Empty takes the treatment back.")
    words = serializers.CharField(required=False, allow_blank=True, max_length=4_000, help_text="What is done, or why what remains is borne.")
    owner = serializers.IntegerField(required=False, allow_null=True, help_text="Id of the person who sees to it.")
    due_on = serializers.DateField(required=False, allow_null=True)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class HarmReviewInput(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=2_000, help_text="What was looked at and found.")
    next_on = serializers.DateField(required=False, allow_null=True, help_text="When it is looked at next; left out, its score says when.")


class ReasonInput(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2_000)


class HarmMergeInput(ReasonInput):
    into = serializers.IntegerField(help_text="Id of another harm of the same system.")


class FlagOutput(serializers.Serializer[Any]):
    rule = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the name of a field, not of the serializer
    words = serializers.CharField()


class HarmDecisions(Resource):
    """What every harm answers to beside being read and changed."""

    @extend_schema(request=TreatmentInput, responses=HarmOutput)
    @action(detail=True, methods=["post"])
    def treat(self, request: Request, pk: str) -> Response:
        """Say what is done about it, by whom and until when."""
        data = self.read(TreatmentInput)
        if data.get("owner") is not None:
            data["owner"] = system_selectors.people_to_choose().filter(pk=data["owner"]).first()
            if data["owner"] is None:
                raise Invalid("There is nobody with this id.", field="owner")
        actions.set_treatment(harm_id=self.visible().pk, **data, actor=self.caller)
        return self.answer(self.visible())

    @extend_schema(request=HarmReviewInput, responses=HarmOutput)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str) -> Response:
        """Say that it was looked at again, and when next."""
        harm = self.visible()

        def act() -> Response:
            actions.record_review(harm_id=harm.pk, **self.read(HarmReviewInput), actor=self.caller)
            return self.answer(self.visible())

        return self.once(act)

    @extend_schema(request=ReasonInput, responses=HarmOutput)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """Say that it can't happen any more, and why."""
        actions.resolve_harm(harm_id=self.visible().pk, **self.read(ReasonInput), actor=self.caller)
        return self.answer(self.visible())

    @extend_schema(request=ReasonInput, responses=HarmOutput)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Open a resolved or accepted harm again; an acceptance ends."""
        actions.reopen_harm(harm_id=self.visible().pk, **self.read(ReasonInput), actor=self.caller)
        return self.answer(self.visible())

    @extend_schema(request=HarmMergeInput, responses=HarmOutput)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """Merge it into another harm of its system. Answers with the other."""
        harm, data = self.visible(), self.read(HarmMergeInput)
        into = self.find(Harm.objects, data["into"], "into")
        actions.merge_harms(harm_id=harm.pk, into_id=into.pk, reason=data["reason"], actor=self.caller)
        return self.answer(self.get_queryset().get(pk=into.pk))

    @extend_schema(responses=FlagOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def flags(self, request: Request, pk: str) -> Response:
        """What doesn't fit about it."""
        harm = self.visible()
        found = selectors.flags_of_many([harm], clocks.now())[harm.pk]
        return Response([{"rule": rule.slug, "label": rule.label, "words": words} for rule, words in found])
