"""The API of candidates for harms, and of known harms of the library."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, selectors
from harms.api.decisions import ReasonInput
from harms.api.harm_output import HarmOutput
from harms.enums import CandidateSource, Origin
from harms.filters import CandidateApiFilter
from harms.models import Candidate, Harm, HarmCategory, LibraryDismissal
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from systems.models import AISystem


class CandidateOutput(serializers.ModelSerializer[Candidate]):
    code = serializers.CharField(read_only=True)

    class Meta:
        model = Candidate
        fields = (
            *("id", "code", "system", "source", "subject_kind", "subject_id", "title", "summary", "state", "harm"),
            *("decided_why", "decided_at", "decided_by", "created_at", "created_by"),
        )
        read_only_fields = fields


class CandidateInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    source = serializers.ChoiceField(CandidateSource.choices)  # type: ignore[assignment]  # the name of a field, not of the serializer
    title = serializers.CharField(max_length=160)
    summary = serializers.CharField(required=False, allow_blank=True, max_length=4_000)


class CandidateHarmInput(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=160)
    description = serializers.CharField(required=False, allow_blank=True)
    category = serializers.SlugField()
    origin = serializers.ChoiceField(Origin.choices)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class LinkInput(serializers.Serializer[Any]):
    harm = serializers.IntegerField()
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class Candidates(Resource):
    """What came up and may be a harm."""

    ability = Ability.REGISTER
    queryset = Candidate.objects.select_related("system__scope")
    serializer_class = CandidateOutput
    filterset_class = CandidateApiFilter
    sorts = {"id": Sort("pk")}
    default_sort = "-id"

    @extend_schema(request=CandidateInput, responses={201: CandidateOutput})
    def create(self, request: Request) -> Response:
        """Put something that may be a harm before the system's team."""

        def act() -> Response:
            data = self.read(CandidateInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.add_candidate(system=system, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=CandidateHarmInput, responses={201: HarmOutput})
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """It is a new harm. Answers with the harm."""
        held = self.visible()

        def act() -> Response:
            data = self.read(CandidateHarmInput)
            category = HarmCategory.objects.filter(slug=data["category"]).first()
            if category is None:
                raise Invalid("There is no such category.", field="category")
            harm = actions.accept_candidate(candidate_id=held.pk, **{**data, "category": category}, actor=self.caller)
            return Response(HarmOutput(_shown(harm)).data, status=201)

        return self.once(act)

    @extend_schema(request=LinkInput, responses=CandidateOutput)
    @action(detail=True, methods=["post"])
    def link(self, request: Request, pk: str) -> Response:
        """It is an instance of a known harm."""
        held, data = self.visible(), self.read(LinkInput)
        harm = self.find(Harm.objects, data.pop("harm"), "harm")
        return self.answer(actions.link_candidate(candidate_id=held.pk, harm_id=harm.pk, **data, actor=self.caller))

    @extend_schema(request=ReasonInput, responses=CandidateOutput)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str) -> Response:
        """It is no harm of this system, and why."""
        return self.answer(actions.dismiss_candidate(candidate_id=self.visible().pk, **self.read(ReasonInput), actor=self.caller))

    @extend_schema(request=ReasonInput, responses=CandidateOutput)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Take the decision back: it waits again."""
        return self.answer(actions.reopen_candidate(candidate_id=self.visible().pk, **self.read(ReasonInput), actor=self.caller))


def _shown(harm: Harm) -> Harm:
    """A harm that was made a moment ago, in the shape of its resource."""
    harm.live_uses = []  # type: ignore[attr-defined]  # what the resource prefetches
    return harm


class DismissalOutput(serializers.ModelSerializer[LibraryDismissal]):
    class Meta:
        model = LibraryDismissal
        fields = ("id", "system", "entry", "model_name", "reason", "created_at", "created_by", "taken_back_at", "taken_back_by")
        read_only_fields = fields


class OfferInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    entry = serializers.SlugField(max_length=80, help_text="Slug of an entry of the harm library.")
    model_name = serializers.CharField(required=False, allow_blank=True, max_length=120, help_text="As the offer names it; empty for no model's own.")


class DismissalInput(OfferInput):
    reason = serializers.CharField(max_length=2_000)


class OfferOutput(serializers.Serializer[Any]):
    entry = serializers.CharField()
    title = serializers.CharField()
    model_name = serializers.CharField()
    fits = serializers.ListField(child=serializers.CharField(), help_text="Why it is offered.")


class KnownHarms(Resource):
    """Known harms of the library: what is offered to a system, and what was dismissed with a reason."""

    ability = Ability.REGISTER
    queryset = LibraryDismissal.objects.select_related("system__scope")
    serializer_class = DismissalOutput
    sorts = {"id": Sort("pk")}
    default_sort = "-id"

    @extend_schema(request=DismissalInput, responses={201: DismissalOutput})
    def create(self, request: Request) -> Response:
        """Say why a known harm doesn't fit a system."""

        def act() -> Response:
            data = self.read(DismissalInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            return self.answer(actions.dismiss_offer(system=system, slug=data.pop("entry"), **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=None, responses=DismissalOutput)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: str) -> Response:
        """Let it be offered again."""
        self.read_nothing()
        return self.answer(actions.take_back_dismissal(dismissal_id=self.visible().pk, actor=self.caller))

    @extend_schema(responses=OfferOutput(many=True), filters=False, parameters=[OpenApiParameter("system", int, required=True)])
    @action(detail=False, methods=["get"], pagination_class=None)
    def offers(self, request: Request) -> Response:
        """What the library offers to one system and nobody has taken over or dismissed, those with most reasons first."""
        self.refuse_unknown_parameters(request, {"system"})
        asked = request.query_params.get("system", "")
        pk = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 18 else 0
        system = self.find(AISystem.objects, pk, "system")
        found = [
            {"entry": offer.entry.slug, "title": offer.entry.title, "model_name": offer.model_name, "fits": offer.fits}
            for offer in selectors.known_harms(system)
        ]
        return Response(OfferOutput(found, many=True).data)

    @extend_schema(request=OfferInput, responses={201: HarmOutput})
    @action(detail=False, methods=["post"], pagination_class=None)
    def propose(self, request: Request) -> Response:
        """Take a known harm over: it is proposed on the system's register."""

        def act() -> Response:
            data = self.read(OfferInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            harm = actions.propose_from_library(system=system, slug=data.pop("entry"), **data, actor=self.caller)
            return Response(HarmOutput(_shown(harm)).data, status=201)

        return self.once(act)
