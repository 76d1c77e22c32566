"""The API's resources about sign-offs: requests with what people said on them, and the conditions that came of it."""

from __future__ import annotations

from typing import Any

import django_filters
from django.apps import apps
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.enums import Ability
from raiportal.accounts.models import User
from raiportal.api.resource import Resource
from raiportal.api.urls import BothSlashes
from raiportal.errors import Invalid
from raiportal.keyset import Sort
from raiportal.signoffs import actions, selectors
from raiportal.signoffs.enums import ConditionState, Held, RequestState, Verdict
from raiportal.signoffs.filters import SignOffRequestFilter
from raiportal.signoffs.kinds import sign_off_kinds
from raiportal.signoffs.models import Condition, SignOff, SignOffRequest
from raiportal.signoffs.stand_in_api import StandIns

LARGEST_ID = 2**63 - 1
MOST_CONDITIONS = 20  # of one approval


class ConditionOutput(serializers.ModelSerializer[Condition]):
    request = serializers.IntegerField(source="sign_off.request_id", read_only=True)

    class Meta:
        model = Condition
        fields = (
            *("id", "request", "sign_off", "words", "owner", "due_on", "state", "met_at", "met_note"),
            *("confirmed_at", "confirmed_by", "confirm_note"),
        )
        read_only_fields = fields


class SignOffOutput(serializers.ModelSerializer[SignOff]):
    conditions = ConditionOutput(many=True, read_only=True)

    class Meta:
        model = SignOff
        fields = ("id", "person", "stand_in_for", "role", "verdict", "reason", "digest", "valid_until", "at", "conditions")
        read_only_fields = fields


class MissingRole(serializers.Serializer[Any]):
    role = serializers.CharField(help_text="Such as risk_manager or reviewer:legal.")
    count = serializers.IntegerField(help_text="So many more people have to approve.")


class RequestOutput(serializers.ModelSerializer[SignOffRequest]):
    system = serializers.IntegerField(source="scope_id", read_only=True, allow_null=True)
    state = serializers.ChoiceField(RequestState.choices, read_only=True, help_text="What was decided.")
    standing = serializers.SerializerMethodField(help_text="Where it stands now, worked out: also lapsed and stale.")
    sign_offs = SignOffOutput(many=True, read_only=True)
    missing = serializers.SerializerMethodField()

    class Meta:
        model = SignOffRequest
        fields = (
            *("id", "kind", "system", "subject_kind", "subject_id", "title", "message", "digest", "requested_by", "requested_at", "due_at"),
            *("state", "standing", "decided_at", "valid_until", "closed_by", "close_reason", "ended_at", "ended_why", "missing", "sign_offs"),
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(Held.choices))
    def get_standing(self, row: SignOffRequest) -> str:
        held = self.context.get("held") or selectors.held_by_id([row])
        return held[row.pk].value

    @extend_schema_field(MissingRole(many=True))
    def get_missing(self, row: SignOffRequest) -> list[dict[str, Any]]:
        lacks = selectors.missing_of(row) if row.state == RequestState.OPEN else []
        return [{"role": lack.role, "count": lack.count} for lack in lacks]


class WholeRequestOutput(RequestOutput):
    """One request with what is signed."""

    snapshot = serializers.JSONField(read_only=True, help_text="What is signed; the digest is that of its canonical JSON.")
    rules = serializers.JSONField(read_only=True, help_text="{roles: [{key, role, review_kind, quorum}], validity_days}")

    class Meta:
        model = SignOffRequest
        fields = (*RequestOutput.Meta.fields, "snapshot", "rules")
        read_only_fields = fields


class RequestInput(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=60, help_text="Such as harms.assessment.")
    subject = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, help_text="Id of what is to be signed.")
    message = serializers.CharField(max_length=4_000, required=False, allow_blank=True)
    due_at = serializers.DateTimeField(required=False, allow_null=True)


class ConditionInput(serializers.Serializer[Any]):
    words = serializers.CharField(max_length=1_000)
    owner = serializers.CharField(max_length=150, help_text="Username of somebody else who may open what is signed.")
    due_on = serializers.DateField(help_text="The last day, in UTC.")


class SignInput(serializers.Serializer[Any]):
    role = serializers.CharField(max_length=60, help_text="Such as risk_manager or reviewer:legal.")
    verdict = serializers.ChoiceField(Verdict.choices)
    reason = serializers.CharField(max_length=4_000)
    seen = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="The digest of what was read.")
    valid_until = serializers.DateTimeField(required=False, allow_null=True)
    conditions = serializers.ListField(child=ConditionInput(), required=False, max_length=MOST_CONDITIONS)
    stand_in_for = serializers.CharField(max_length=150, required=False, help_text="Username of whose role it is, for a stand-in.")


class SignOffReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2_000)


class MetInput(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=2_000)


class ConfirmInput(serializers.Serializer[Any]):
    is_met = serializers.BooleanField()
    note = serializers.CharField(max_length=2_000, required=False, allow_blank=True, default="")


class SignOffRequests(Resource):
    """Requests for a decision on objects that the caller may see, with what people said."""

    ability = Ability.REGISTER
    queryset = SignOffRequest.objects.all()
    serializer_class = RequestOutput
    filterset_class = SignOffRequestFilter
    sorts = {"id": Sort("pk")}
    default_sort = "-id"

    def get_queryset(self) -> QuerySet[SignOffRequest]:
        return selectors.with_sign_offs(super().get_queryset())

    def paginate_queryset(self, queryset: Any) -> Any:
        rows = super().paginate_queryset(queryset)
        self._held = selectors.held_by_id(rows or [])
        return rows

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "held": getattr(self, "_held", None)}

    @extend_schema(responses=WholeRequestOutput)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One request with what is signed."""
        return Response(WholeRequestOutput(self.visible()).data)

    @extend_schema(request=RequestInput, responses={201: RequestOutput})
    def create(self, request: Request) -> Response:
        """Freeze an object as it is, and ask those who have to sign it."""

        def act() -> Response:
            given = self.read(RequestInput)
            kind = sign_off_kinds.get(given["kind"])
            if kind is None:
                raise Invalid("Nothing of this kind is signed off.", field="kind")
            subject = self.find(apps.get_model(kind.subject_kind)._default_manager, given.pop("subject"), "subject")
            made = actions.request_sign_off(subject_id=subject.pk, actor=self.caller, **given)
            return self.answer(self.get_queryset().get(pk=made.pk), status=201)

        return self.once(act)

    @extend_schema(request=SignInput, responses={201: RequestOutput})
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: str) -> Response:
        """Give a verdict on what one has read."""

        def act() -> Response:
            asked, given = self.visible(), self.read(SignInput)
            conditions = [actions.Asked(row["words"], self._person(row["owner"], "conditions"), row["due_on"]) for row in given.pop("conditions", [])]
            holder = given.pop("stand_in_for", None)
            stand_in_for = self._person(holder, "stand_in_for") if holder else None
            actions.sign(request_id=asked.pk, conditions=conditions, stand_in_for=stand_in_for, actor=self.caller, **given)
            return self.answer(self.visible(), status=201)

        return self.once(act)

    @extend_schema(request=SignOffReason, responses=RequestOutput)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take an open request back."""
        actions.withdraw(request_id=self.visible().pk, actor=self.caller, **self.read(SignOffReason))
        return self.answer(self.visible())

    @extend_schema(request=SignOffReason, responses=RequestOutput)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Let an approval hold no more, from now on."""
        actions.revoke(request_id=self.visible().pk, actor=self.caller, **self.read(SignOffReason))
        return self.answer(self.visible())

    def _person(self, username: str, field: str) -> User:
        found = User.objects.filter(username=username, is_active=True).first()
        if found is None:
            raise Invalid("There is nobody with this username who could do that.", field=field)
        return found


class ConditionFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=ConditionState.choices)
    request = django_filters.NumberFilter(field_name="sign_off__request_id", min_value=1, max_value=LARGEST_ID)
    owner = django_filters.NumberFilter(field_name="owner_id", min_value=1, max_value=LARGEST_ID)


class Conditions(Resource):
    """What has to be done by a date for an approval to hold."""

    ability = Ability.REGISTER
    queryset = Condition.objects.select_related("sign_off")
    serializer_class = ConditionOutput
    filterset_class = ConditionFilter
    sorts = {"id": Sort("pk")}
    default_sort = "-id"

    @extend_schema(request=MetInput, responses=ConditionOutput)
    @action(detail=True, methods=["post"])
    def meet(self, request: Request, pk: str) -> Response:
        """Its owner says how it was met."""
        return self.answer(actions.meet_condition(condition_id=self.visible().pk, actor=self.caller, **self.read(MetInput)))

    @extend_schema(request=ConfirmInput, responses=ConditionOutput)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Whoever set it says whether it is met; if not, it is open again."""
        return self.answer(actions.confirm_condition(condition_id=self.visible().pk, actor=self.caller, **self.read(ConfirmInput)))


router = BothSlashes()
router.register("sign-off-requests", SignOffRequests, basename="api-sign-off-request")
router.register("stand-ins", StandIns, basename="api-stand-in")
router.register("conditions", Conditions, basename="api-condition")
urlpatterns = router.urls
