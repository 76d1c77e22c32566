"""Addresses for the tests of the look: its own page, the account pages, and one page of each kind in the rail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def nothing(request: HttpRequest, number: int = 0) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("", include("raiportal.look.urls")),
    path("accounts/", include("allauth.urls")),
    path("portfolio/", nothing, name="portfolio"),
    path("systems/<int:number>/", nothing, name="system"),
    path("systems/<int:number>/sets/", nothing, name="sets"),
    path("systems/<int:number>/runs/", nothing, name="runs"),
]
