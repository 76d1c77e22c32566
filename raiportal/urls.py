"""Every address of the portal. Apps are named by string only."""

from __future__ import annotations

from django.urls import path

from raiportal.status import views as status

urlpatterns = [
    path("healthz", status.healthz, name="healthz"),
    path("readyz", status.readyz, name="readyz"),
]
