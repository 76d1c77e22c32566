"""Addresses of “My work” and “Search”."""

from __future__ import annotations

from django.urls import path

from raiportal.work import views

urlpatterns = [
    path("my-work/", views.work, name="work"),
    path("search/", views.search, name="search"),
]
