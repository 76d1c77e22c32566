"""The API's resource about reports: made, sent, acknowledged, and their files."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.enums import Ability
from raiportal.accounts.models import User
from raiportal.api.resource import Resource
from raiportal.api.urls import BothSlashes
from raiportal.errors import Invalid, Missing
from raiportal.reports import actions, packs, policies, selectors
from raiportal.reports.actions.reading import LONGEST_NOTE
from raiportal.reports.actions.sending import LONGEST_MESSAGE, MOST_RECIPIENTS
from raiportal.reports.filters import ReportFilter
from raiportal.reports.models import Report, ReportRecipient

LARGEST_ID = 2**63 - 1


class ReportOutput(serializers.ModelSerializer[Report]):
    system = serializers.IntegerField(source="scope_id", read_only=True, allow_null=True)
    pdf = serializers.CharField(source="pdf.state", read_only=True, help_text="waiting, made or failed.")

    class Meta:
        model = Report
        fields = ("id", "kind", "system", "subject_kind", "subject_id", "number", "title", "digest", "pdf", "made_by", "made_at")
        read_only_fields = fields


class ReportInput(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=60, help_text="Such as harms.register.")
    subject = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, help_text="Id of what it is of; for harms.register a system's.")


class SendInput(serializers.Serializer[Any]):
    recipients = serializers.ListField(child=serializers.CharField(max_length=60), min_length=1, max_length=MOST_RECIPIENTS, help_text="Usernames.")
    message = serializers.CharField(max_length=LONGEST_MESSAGE, required=False, allow_blank=True)
    due_at = serializers.DateTimeField(required=False, allow_null=True)


class AcknowledgeInput(serializers.Serializer[Any]):
    digest = serializers.CharField(max_length=64, help_text="That of the report which was read.")
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True)


class TakeBackInput(serializers.Serializer[Any]):
    recipient = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    reason = serializers.CharField(max_length=2_000)


class RecipientOutput(serializers.ModelSerializer[ReportRecipient]):
    username = serializers.CharField(source="person.username", read_only=True)
    state = serializers.CharField(read_only=True, help_text="sent, opened, acknowledged, replaced or taken_back.")

    class Meta:
        model = ReportRecipient
        fields = (
            *("id", "username", "state", "message", "asked_by", "asked_at", "due_at", "opened_at", "acknowledged_at", "note"),
            *("reminder_count", "replaced_by", "taken_back_at", "taken_back_reason"),
        )
        read_only_fields = fields


class PackFile(serializers.Serializer[Any]):
    digest = serializers.CharField()
    digest_method = serializers.CharField()
    pack = serializers.JSONField()


class Reports(Resource):
    """Frozen reports that the caller may read, with their digests."""

    ability = Ability.REGISTER
    queryset = Report.objects.select_related("pdf").defer("pack", "pdf__content")
    serializer_class = ReportOutput
    filterset_class = ReportFilter

    @extend_schema(request=ReportInput, responses={201: ReportOutput})
    def create(self, request: Request) -> Response:
        """Freeze a new report."""
        given = self.read(ReportInput)

        def act() -> Response:
            try:
                made = actions.make_report(kind=given["kind"], subject_id=given["subject"], actor=self.caller)
            except Missing as problem:
                raise Invalid("There is none with this id that you may use.", field="subject") from problem
            return self.answer(made, status=201)

        return self.once(act)

    @extend_schema(responses=PackFile)
    @action(detail=True, methods=["get"])
    def pack(self, request: Request, pk: str) -> Response:
        """All that the report says, with the digest that anybody can work out again."""
        return Response(packs.as_file(self._opened()))

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def pdf(self, request: Request, pk: str) -> Any:
        """The report as PDF; 404 until it is made."""
        report = self._opened()
        content = selectors.pdf_of(report)
        if content is None:
            raise Missing("This PDF isn't made yet.")
        return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{report.file_name}.pdf"'})

    @extend_schema(responses=RecipientOutput(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def recipients(self, request: Request, pk: str) -> Response:
        """Who was sent it and what they did; for who may not read the system just themselves."""
        return self._recipients(self.visible())

    @extend_schema(request=SendInput, responses=RecipientOutput(many=True))
    @action(detail=True, methods=["post"], pagination_class=None, filterset_class=None)
    def send(self, request: Request, pk: str) -> Response:
        """Ask people to read and acknowledge it. Those who were sent it already stay as they are."""
        report = self.visible()
        policies.may_send(self.caller, report).require()
        given = self.read(SendInput)
        people = self._people(given.pop("recipients"))
        actions.send_report(report_id=report.pk, recipients=people, actor=self.caller, **given)
        return self._recipients(report)

    @extend_schema(request=None, responses=RecipientOutput(many=True))
    @action(detail=True, methods=["post"], pagination_class=None, filterset_class=None)
    def remind(self, request: Request, pk: str) -> Response:
        """Remind everybody who has yet to acknowledge; at most about once a day each."""
        self.read_nothing()
        report = self.visible()
        actions.remind(report_id=report.pk, actor=self.caller)
        return self._recipients(report)

    @extend_schema(request=AcknowledgeInput, responses=RecipientOutput)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say that one read and understood it."""
        report = self.visible()
        return Response(RecipientOutput(actions.acknowledge(report_id=report.pk, actor=self.caller, **self.read(AcknowledgeInput))).data)

    @extend_schema(request=TakeBackInput, responses=RecipientOutput)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: str) -> Response:
        """Let a recipient read it no more."""
        report = self.visible()
        policies.may_send(self.caller, report).require()
        given = self.read(TakeBackInput)
        held = ReportRecipient.objects.visible_to(self.caller).filter(report=report, pk=given["recipient"]).first()
        if held is None:
            raise Invalid("There is none with this id that you may use.", field="recipient")
        return Response(RecipientOutput(actions.take_back(recipient_id=held.pk, reason=given["reason"], actor=self.caller)).data)

    def _opened(self) -> Report:
        report: Report = self.visible()
        if self.request.method == "GET":
            actions.note_opened(report_id=report.pk, actor=self.caller)
        return report

    def _recipients(self, report: Report) -> Response:
        return Response(RecipientOutput(selectors.recipients_of(report, self.caller), many=True).data)

    def _people(self, usernames: list[str]) -> list[User]:
        found = {person.username: person for person in selectors.people_to_ask().filter(username__in=usernames)}
        unknown = [name for name in usernames if name not in found]
        if unknown:
            raise Invalid(f"There is nobody called {unknown[0]} to whom a report can be sent.", field="recipients")
        return list(found.values())


router = BothSlashes()
router.register("reports", Reports, basename="api-report")
urlpatterns = router.urls
