"""The API's description, and how resources get their addresses."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from raiportal.api import views
from raiportal.middleware import sign_in_needed


class BothSlashes(SimpleRouter):
    """Routes that answer with and without the final slash."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"


urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", sign_in_needed(views.docs), name="api-docs"),
]
