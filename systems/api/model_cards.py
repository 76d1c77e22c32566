"""The API of model cards and documents."""

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
from systems import actions
from systems.api.shapes import NEWEST_FIRST, Reason
from systems.enums import Capability, DocumentKind, Modality
from systems.models import Acknowledgement, Deployment, Document, ModelCard


# --- Model cards ---
class ModelCardOutput(serializers.ModelSerializer[ModelCard]):
    class Meta:
        model = ModelCard
        fields = (
            *("id", "developer", "family", "version", "modalities", "capabilities", "context_window_tokens", "knowledge_cutoff"),
            *("alignment", "known_limits", "sources", "archived_at", "created_by", "created_at", "updated_at"),
        )
        read_only_fields = fields


class ModelCardChanges(serializers.Serializer[Any]):
    developer = serializers.CharField(max_length=120, required=False)
    family = serializers.CharField(max_length=120, required=False)
    version = serializers.CharField(max_length=80, required=False, allow_blank=True)
    modalities = serializers.ListField(child=serializers.ChoiceField(Modality.choices), required=False)
    capabilities = serializers.ListField(child=serializers.ChoiceField(Capability.choices), required=False)
    context_window_tokens = serializers.IntegerField(required=False, allow_null=True)
    knowledge_cutoff = serializers.CharField(max_length=40, required=False, allow_blank=True)
    alignment = serializers.CharField(max_length=20_000, required=False, allow_blank=True, help_text="What its developer did to align it.")
    known_limits = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    sources = serializers.CharField(max_length=20_000, required=False, allow_blank=True, help_text="One a line.")


class ModelCardInput(ModelCardChanges):
    developer = serializers.CharField(max_length=120)
    family = serializers.CharField(max_length=120)


class ModelCards(Resource):
    """What the organisation knows of the models that it uses."""

    ability = Ability.REGISTER
    queryset = ModelCard.objects.all()
    serializer_class = ModelCardOutput
    sorts = NEWEST_FIRST

    @extend_schema(request=ModelCardInput, responses={201: ModelCardOutput})
    def create(self, request: Request) -> Response:
        """Write a card for one version of one model."""
        return self.once(lambda: self.answer(actions.add_model_card(**self.read(ModelCardInput), actor=self.caller), status=201))

    @extend_schema(request=ModelCardChanges, responses=ModelCardOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given."""
        card = self.visible()
        return self.answer(actions.edit_model_card(card_id=card.pk, **self.read(ModelCardChanges), actor=self.caller))

    @extend_schema(request=Reason, responses=ModelCardOutput)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Response:
        """No further deployment can be linked to it."""
        card = self.visible()
        return self.answer(actions.archive_model_card(card_id=card.pk, **self.read(Reason), actor=self.caller))

    @extend_schema(request=Reason, responses=ModelCardOutput)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Take an archived card into use again."""
        card = self.visible()
        return self.answer(actions.restore_model_card(card_id=card.pk, **self.read(Reason), actor=self.caller))


# --- Documents ---
class AcknowledgementOutput(serializers.ModelSerializer[Acknowledgement]):
    class Meta:
        model = Acknowledgement
        fields = ("version", "created_by", "created_at")
        read_only_fields = fields


class DocumentOutput(serializers.ModelSerializer[Document]):
    acknowledgements = AcknowledgementOutput(many=True, read_only=True)

    class Meta:
        model = Document
        fields = (
            *("id", "model_card", "deployment", "kind", "title", "address", "version", "dated_on", "acknowledgements", "archived_at"),
            *("created_by", "created_at", "updated_at"),
        )
        read_only_fields = fields


class DocumentChanges(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(DocumentKind.choices, required=False)
    title = serializers.CharField(max_length=160, required=False)
    address = serializers.CharField(max_length=500, required=False, help_text="A web address.")
    version = serializers.CharField(max_length=80, required=False, help_text="Another version has to be read again by everybody.")
    dated_on = serializers.DateField(required=False, allow_null=True)


class DocumentInput(DocumentChanges):
    model_card = serializers.IntegerField(required=False, allow_null=True, help_text="Either a model card or a deployment.")
    deployment = serializers.IntegerField(required=False, allow_null=True)
    kind = serializers.ChoiceField(DocumentKind.choices)
    title = serializers.CharField(max_length=160)
    address = serializers.CharField(max_length=500, help_text="A web address.")
    version = serializers.CharField(max_length=80)


class Version(serializers.Serializer[Any]):
    version = serializers.CharField(max_length=80, help_text="The version that was read.")


class DocumentFilter(django_filters.FilterSet):
    model_card = django_filters.NumberFilter(field_name="model_card_id")
    deployment = django_filters.NumberFilter(field_name="deployment_id")


class Documents(Resource):
    """Documents that go with models and deployments, with who has read which version."""

    ability = Ability.REGISTER
    queryset = Document.objects.select_related("deployment").prefetch_related("acknowledgements")
    serializer_class = DocumentOutput
    filterset_class = DocumentFilter
    sorts = NEWEST_FIRST

    @extend_schema(request=DocumentInput, responses={201: DocumentOutput})
    def create(self, request: Request) -> Response:
        """Attach a document to a model card or to a deployment."""

        def act() -> Response:
            data = self.read(DocumentInput)
            card = self.find(ModelCard.objects, data.pop("model_card", None), "model_card")
            deployment = self.find(Deployment.objects, data.pop("deployment", None), "deployment")
            return self.answer(actions.add_document(model_card=card, deployment=deployment, **data, actor=self.caller), status=201)

        return self.once(act)

    @extend_schema(request=DocumentChanges, responses=DocumentOutput)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given."""
        row = self.visible()
        return self.answer(actions.edit_document(document_id=row.pk, **self.read(DocumentChanges), actor=self.caller))

    @extend_schema(request=Version, responses=DocumentOutput)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say in your own name that you read and understood this version."""
        row = self.visible()
        actions.acknowledge_document(document_id=row.pk, **self.read(Version), actor=self.caller)
        return self.answer(self.visible())

    @extend_schema(request=Reason, responses=DocumentOutput)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Response:
        """Nobody is asked to read it any more."""
        row = self.visible()
        return self.answer(actions.archive_document(document_id=row.pk, **self.read(Reason), actor=self.caller))

    @extend_schema(request=Reason, responses=DocumentOutput)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Ask people to read it again."""
        row = self.visible()
        return self.answer(actions.restore_document(document_id=row.pk, **self.read(Reason), actor=self.caller))
