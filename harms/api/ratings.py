"""The API of rating rounds, ratings, appetite, and scores carried over to another scale. Blind as the pages are."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from harms import actions, policies, selectors
from harms.enums import Confidence, RoundState
from harms.models import HIGHEST_LEVEL, HIGHEST_SCORE, LONGEST_RATIONALE, Appetite, Consensus, Harm, HarmCategory, Rating, RatingRound, RiskScale, ScaleChange
from raiportal.accounts.enums import Ability
from raiportal.api.resource import Resource
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from systems.models import AISystem, IntendedUse


class RatingRoundOutput(serializers.ModelSerializer[RatingRound]):
    code = serializers.CharField(read_only=True)
    scale = serializers.CharField(help_text="Name and version of the scale.", read_only=True)
    harms = serializers.SerializerMethodField(help_text="Ids of the harms that are rated.")

    class Meta:
        model = RatingRound
        fields = (
            *("id", "code", "system", "title", "message", "intended_use", "scale", "state", "harms"),
            *("due_at", "opened_at", "opened_by", "closed_at", "closed_by", "close_reason"),
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_harms(self, held: RatingRound) -> list[int]:
        return sorted(row.harm_id for row in held.harms.all())


class RoundHarmOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="Id of the harm within this round, to rate it and to record what was agreed.")
    harm = serializers.IntegerField(source="harm_id")
    title = serializers.CharField(source="harm.title")


class RaterOutput(serializers.Serializer[Any]):
    """Who was asked, and how far they are; never what they said."""

    id = serializers.IntegerField(source="rater.pk")
    person = serializers.IntegerField(source="rater.person_id", allow_null=True, help_text="Null: somebody from outside.")
    name = serializers.CharField(source="rater.label")
    answered = serializers.IntegerField()
    asked = serializers.IntegerField()
    is_done = serializers.BooleanField()
    revoked_at = serializers.DateTimeField(source="rater.revoked_at", allow_null=True)


class RatingOutput(serializers.ModelSerializer[Rating]):
    round = serializers.IntegerField(source="round_harm.round_id", read_only=True)
    harm = serializers.IntegerField(source="round_harm.harm_id", read_only=True)
    rater_name = serializers.CharField(source="rater.label", read_only=True)
    is_outside = serializers.BooleanField(source="rater.is_outside", read_only=True)

    class Meta:
        model = Rating
        fields = (
            *("id", "round", "harm", "round_harm", "rater", "rater_name", "is_outside"),
            *("severity", "frequency", "cannot_judge", "confidence", "rationale", "created_at", "updated_at"),
        )
        read_only_fields = fields


class SpreadOutput(serializers.Serializer[Any]):
    """Levels are ordinal, so there is a median and no mean."""

    count = serializers.IntegerField()
    median = serializers.IntegerField(help_text="Of two different levels in the middle the higher one.")
    lowest = serializers.IntegerField()
    highest = serializers.IntegerField()
    lower_quartile = serializers.IntegerField()
    upper_quartile = serializers.IntegerField()
    agreement = serializers.FloatField(help_text="Leik 1966, from 0 (two opposite halves) to 1 (all alike).")
    counts = serializers.ListField(child=serializers.IntegerField(), help_text="How many gave each level, lowest first.")


class RatingAggregateOutput(serializers.Serializer[Any]):
    severity = SpreadOutput()
    frequency = SpreadOutput()
    cannot_judge = serializers.IntegerField()


class ConsensusOutput(serializers.ModelSerializer[Consensus]):
    class Meta:
        model = Consensus
        fields = (
            *("id", "round_harm", "point", "severity", "frequency", "median_severity", "median_frequency", "rating_count"),
            *("is_override", "override_reason", "note", "recorded_at", "recorded_by"),
        )
        read_only_fields = fields


class RatingResultOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="held.pk")
    harm = serializers.IntegerField(source="held.harm_id")
    all = RatingAggregateOutput(allow_null=True)
    inside = RatingAggregateOutput(allow_null=True)
    outside = RatingAggregateOutput(allow_null=True)
    outliers = serializers.SerializerMethodField(help_text="Ids of ratings that stand apart.")
    consensus = ConsensusOutput(allow_null=True)

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_outliers(self, result: selectors.HarmResult) -> list[int]:
        return [one.rating.pk for one in result.outliers]


class RatingRoundInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    title = serializers.CharField(max_length=160)
    harms = serializers.ListField(child=serializers.IntegerField(), max_length=200, help_text="Ids of harms of the system.")
    people = serializers.ListField(child=serializers.IntegerField(), max_length=200, required=False, help_text="Ids of people who read its register.")
    due_at = serializers.DateTimeField()
    intended_use = serializers.IntegerField(required=False, allow_null=True)
    message = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class AskRatersInput(serializers.Serializer[Any]):
    people = serializers.ListField(child=serializers.IntegerField(), max_length=200)


class OutsideRaterInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    organisation = serializers.CharField(required=False, allow_blank=True, max_length=160)
    email = serializers.EmailField(required=False, allow_blank=True)


class OutsideRaterOutput(serializers.Serializer[Any]):
    rater = serializers.IntegerField(source="rater.pk")
    link = serializers.CharField(help_text="Answered this once.")
    is_mailed = serializers.BooleanField()


class RevokeRaterInput(serializers.Serializer[Any]):
    rater = serializers.IntegerField()
    reason = serializers.CharField(max_length=2_000)


class RatingInput(serializers.Serializer[Any]):
    round_harm = serializers.IntegerField()
    severity = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=HIGHEST_LEVEL)
    frequency = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=HIGHEST_LEVEL)
    cannot_judge = serializers.BooleanField(required=False, default=False)
    confidence = serializers.ChoiceField(Confidence.choices, required=False, allow_blank=True)
    rationale = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_RATIONALE)


class CloseRoundInput(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2_000, help_text="Needed before the round is due.")


class ConsensusInput(serializers.Serializer[Any]):
    round_harm = serializers.IntegerField()
    severity = serializers.IntegerField(min_value=1, max_value=HIGHEST_LEVEL)
    frequency = serializers.IntegerField(min_value=1, max_value=HIGHEST_LEVEL)
    note = serializers.CharField(max_length=4_000)
    override_reason = serializers.CharField(required=False, allow_blank=True, max_length=2_000, help_text="Needed when a level differs from the median.")


class RatingRoundFilter(django_filters.FilterSet):
    system = django_filters.NumberFilter(field_name="system_id")
    state = django_filters.ChoiceFilter(choices=RoundState.choices)

    class Meta:
        model = RatingRound
        fields: list[str] = []


class RatingRounds(Resource):
    """Rating rounds of the systems that the caller may see. While one is open, nobody reads what another rater said."""

    ability = Ability.REGISTER
    queryset = RatingRound.objects.select_related("system", "scale").prefetch_related("harms")
    serializer_class = RatingRoundOutput
    filterset_class = RatingRoundFilter
    sorts = {"id": Sort("pk"), "due": Sort("due_at")}
    default_sort = "-id"

    @extend_schema(request=RatingRoundInput, responses={201: RatingRoundOutput})
    def create(self, request: Request) -> Response:
        """Open a round."""

        def act() -> Response:
            data = self.read(RatingRoundInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            policies.may_open_round(self.caller, system).require()
            data["harms"] = [self.find(Harm.objects.filter(system=system), pk, "harms") for pk in dict.fromkeys(data["harms"])]
            data["people"] = self._people(system, data.get("people", []))
            data["intended_use"] = self.find(IntendedUse.objects.filter(system=system), data.get("intended_use"), "intended_use")
            held = actions.open_round(system=system, **data, actor=self.caller)
            return self.answer(self.get_queryset().get(pk=held.pk), status=201)

        return self.once(act)

    def _people(self, system: AISystem, ids: list[int]) -> list[Any]:
        wanted = set(ids)
        people = list(selectors.people_with_access(system).filter(pk__in=wanted))
        if len(people) < len(wanted):
            raise Invalid("Somebody of these can't read this system's register, so they can't rate its harms.", field="people")
        return people

    @extend_schema(request=AskRatersInput, responses=RaterOutput(many=True))
    @action(detail=True, methods=["post"], pagination_class=None)
    def ask(self, request: Request, pk: str) -> Response:
        """Ask more people."""
        held = self.visible()
        policies.may_run_round(self.caller, held).require()
        actions.ask_raters(round_id=held.pk, people=self._people(held.system, self.read(AskRatersInput)["people"]), actor=self.caller)
        return Response(RaterOutput(selectors.standings(held), many=True).data)

    @extend_schema(request=OutsideRaterInput, responses={201: OutsideRaterOutput})
    @action(detail=True, methods=["post"])
    def invite(self, request: Request, pk: str) -> Response:
        """Ask somebody from outside; the link is answered this once, so no Idempotency-Key keeps it."""
        held = self.visible()
        sent = actions.invite_outside(round_id=held.pk, **self.read(OutsideRaterInput), actor=self.caller)
        return Response(OutsideRaterOutput(sent).data, status=201)

    @extend_schema(request=RevokeRaterInput, responses=RaterOutput(many=True))
    @action(detail=True, methods=["post"], pagination_class=None)
    def revoke(self, request: Request, pk: str) -> Response:
        """Take the link of somebody from outside back."""
        held = self.visible()
        data = self.read(RevokeRaterInput)
        if data["rater"] not in set(held.raters.values_list("pk", flat=True)):
            raise Invalid("There is none with this id in this round.", field="rater")
        actions.revoke_outside(rater_id=data["rater"], reason=data["reason"], actor=self.caller)
        return Response(RaterOutput(selectors.standings(held), many=True).data)

    @extend_schema(responses=RaterOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def raters(self, request: Request, pk: str) -> Response:
        """Who was asked and who has answered."""
        return Response(RaterOutput(selectors.standings(self.visible()), many=True).data)

    @extend_schema(responses=RoundHarmOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def harms(self, request: Request, pk: str) -> Response:
        """The harms of the round, with the ids by which they are rated."""
        return Response(RoundHarmOutput(selectors.harms_in(self.visible()), many=True).data)

    @extend_schema(request=RatingInput, responses=RatingOutput)
    @action(detail=True, methods=["post"])
    def rate(self, request: Request, pk: str) -> Response:
        """Say how bad and how often one of its harms would be; again, to change one's own rating."""
        held = self.visible()
        said = self.read(RatingInput)
        answer: actions.Answer = {
            "round_harm_id": said["round_harm"],
            "severity": said.get("severity"),
            "frequency": said.get("frequency"),
            "cannot_judge": said["cannot_judge"],
            "confidence": said.get("confidence", ""),
            "rationale": said.get("rationale", ""),
        }
        actions.rate(round_id=held.pk, answers=[answer], actor=self.caller)
        own = selectors.ratings_of(self.caller).get(rater__person=self.caller, round_harm=said["round_harm"])
        return Response(RatingOutput(own).data)

    @extend_schema(request=CloseRoundInput, responses=RatingRoundOutput)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """End the blind part."""
        actions.close_round(round_id=self.visible().pk, **self.read(CloseRoundInput), actor=self.caller)
        return self.answer(self.visible())

    @extend_schema(responses=RatingResultOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def results(self, request: Request, pk: str) -> Response:
        """What the ratings say together, harm by harm; nothing while the round is open."""
        return Response(RatingResultOutput(selectors.results(self.visible(), self.caller), many=True).data)

    @extend_schema(request=ConsensusInput, responses={201: ConsensusOutput})
    @action(detail=True, methods=["post"])
    def consensus(self, request: Request, pk: str) -> Response:
        """Record what was agreed of one harm: it becomes the inherent risk."""
        held = self.visible()

        def act() -> Response:
            data = self.read(ConsensusInput)
            asked = data.pop("round_harm")
            if asked not in {row.pk for row in held.harms.all()}:
                raise Invalid("There is none with this id in this round.", field="round_harm")
            return Response(ConsensusOutput(actions.record_consensus(round_harm_id=asked, **data, actor=self.caller)).data, status=201)

        return self.once(act)


class RatingFilter(django_filters.FilterSet):
    round = django_filters.NumberFilter(field_name="round_harm__round_id")
    harm = django_filters.NumberFilter(field_name="round_harm__harm_id")

    class Meta:
        model = Rating
        fields: list[str] = []


class Ratings(Resource):
    """One's own ratings, and those of closed rounds."""

    ability = Ability.REGISTER
    queryset = Rating.objects.select_related("rater__person", "round_harm")
    serializer_class = RatingOutput
    filterset_class = RatingFilter
    default_sort = "-id"


class AppetiteOutput(serializers.ModelSerializer[Appetite]):
    category = serializers.SlugField(source="category.slug", read_only=True)

    class Meta:
        model = Appetite
        fields = ("id", "category", "system", "highest_score", "updated_at", "updated_by")
        read_only_fields = fields


class AppetiteInput(serializers.Serializer[Any]):
    category = serializers.SlugField()
    system = serializers.IntegerField(required=False, allow_null=True, help_text="The organisation's own when left out.")
    highest_score = serializers.IntegerField(min_value=1, max_value=HIGHEST_SCORE, allow_null=True, help_text="Null takes it back.")
    reason = serializers.CharField(max_length=2_000)


class Appetites(Resource):
    """The highest score of each kind of harm that is borne without more ado, of the organisation and of systems."""

    ability = Ability.REGISTER
    queryset = Appetite.objects.select_related("category")
    serializer_class = AppetiteOutput

    @extend_schema(request=AppetiteInput, responses=AppetiteOutput)
    def create(self, request: Request) -> Response:
        """Say up to which score harms of a kind are within appetite."""

        def act() -> Response:
            data = self.read(AppetiteInput)
            data["system"] = self.find(AISystem.objects, data.get("system"), "system")
            category = HarmCategory.objects.filter(slug=data["category"]).first()
            if category is None:
                raise Invalid("There is no such category.", field="category")
            return self.answer(actions.set_appetite(**{**data, "category": category}, actor=self.caller))

        return self.once(act)


class ScaleChangeOutput(serializers.ModelSerializer[ScaleChange]):
    from_scale = serializers.CharField(read_only=True)
    to_scale = serializers.CharField(read_only=True)

    class Meta:
        model = ScaleChange
        fields = ("id", "system", "from_scale", "to_scale", "severity_levels", "frequency_levels", "reason", "baseline", "made_at", "made_by")
        read_only_fields = fields


class ScoreMoveOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    place = serializers.CharField(help_text="Code of an intended use; empty: the harm as a whole.")
    kind = serializers.CharField()
    before = serializers.IntegerField()
    after = serializers.IntegerField()
    before_severity = serializers.IntegerField()
    before_frequency = serializers.IntegerField()
    after_severity = serializers.IntegerField()
    after_frequency = serializers.IntegerField()


class ScaleChangeInput(serializers.Serializer[Any]):
    system = serializers.IntegerField()
    from_version = serializers.IntegerField(min_value=1, help_text="Version of the older scale.")
    severity_levels = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=HIGHEST_LEVEL), help_text="New levels of the old 1 to 5.")
    frequency_levels = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=HIGHEST_LEVEL), help_text="New levels of the old 1 to 5.")
    reason = serializers.CharField(max_length=2_000)


class ScaleChanges(Resource):
    """Scores of systems that were carried over from an older scale."""

    ability = Ability.REGISTER
    queryset = ScaleChange.objects.select_related("from_scale", "to_scale")
    serializer_class = ScaleChangeOutput

    @extend_schema(request=ScaleChangeInput, responses={201: ScaleChangeOutput})
    def create(self, request: Request) -> Response:
        """Keep a baseline, then state every score of the older scale anew on the current one."""

        def act() -> Response:
            data = self.read(ScaleChangeInput)
            system = self.find(AISystem.objects, data.pop("system"), "system")
            scale = RiskScale.objects.filter(version=data.pop("from_version")).first()
            if scale is None:
                raise Invalid("There is no scale of this version.", field="from_version")
            return self.answer(actions.carry_scores_over(system=system, from_scale=scale, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(responses=ScoreMoveOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def moves(self, request: Request, pk: str) -> Response:
        """Every score that was carried over, before and after; those that moved first."""
        return Response(ScoreMoveOutput(list(selectors.move_rows(self.visible())), many=True).data)
