"""Addresses for probes (no sign-in, no content), the status page, the same for programs, and Prometheus' figures."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from raiportal.accounts.models import ApiToken, User
from raiportal.accounts.requests import SignedInRequest
from raiportal.status import policies, readings, selectors
from raiportal.status.readings import Level


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """200 once a run could start, else 503 with the reasons."""
    readiness = selectors.readiness()
    body = {"status": "ready" if readiness.is_ready else "not ready", "problems": readiness.problems}
    return JsonResponse(body, status=200 if readiness.is_ready else 503)


@require_safe
def status_page(request: SignedInRequest) -> HttpResponse:
    policies.may_read_status(request.user).require()
    return render(request, "status/status.html", {"status": readings.status(), "levels": Level})


class ReadingSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()
    value = serializers.CharField()
    figure = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(allow_blank=True)
    bound = serializers.CharField(allow_blank=True)
    level = serializers.ChoiceField(choices=[level.value for level in Level])
    remedy = serializers.CharField(allow_blank=True)


class StatusSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    level = serializers.ChoiceField(choices=[level.value for level in Level])
    readings = ReadingSerializer(many=True)


class StatusView(APIView):
    """The status page for programs."""

    ability = "read"

    @extend_schema(responses=StatusSerializer, operation_id="status_retrieve")
    def get(self, request: Request) -> Response:
        policies.may_read_status(cast(User, request.user)).require()
        return Response(StatusSerializer(readings.status()).data)


class MetricsView(APIView):
    """Figures in Prometheus' text format, for its own token or an administrator's."""

    ability = "metrics"
    schema = None

    def get(self, request: Request) -> HttpResponse:
        from raiportal.status.metrics import CONTENT_TYPE, exposition

        token = request.auth if isinstance(request.auth, ApiToken) else None
        policies.may_read_metrics(cast(User, request.user), token).require()
        return HttpResponse(exposition(), content_type=CONTENT_TYPE)


metrics = login_not_required(MetricsView.as_view())  # the view asks for the token itself, as the API does
