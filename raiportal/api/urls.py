"""Every resource's address, with and without the final slash."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from raiportal.api import views


class BothSlashes(SimpleRouter):
    """Routes that answer with and without the final slash."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"


def schema_urls() -> list[Any]:
    return [
        path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
        path("docs/", views.docs, name="api-docs"),
    ]
