"""Every address of the portal. Apps are named by string only."""

from __future__ import annotations

from django.urls import include, path

from raiportal.status import views as status

handler400 = "raiportal.administration.views.doors.bad_request"
handler403 = "raiportal.administration.views.doors.forbidden"
handler404 = "raiportal.administration.views.doors.not_found"
handler500 = "raiportal.administration.views.doors.server_error"

urlpatterns = [
    path("healthz", status.healthz, name="healthz"),
    path("readyz", status.readyz, name="readyz"),
    path("metrics", status.metrics, name="api-metrics"),
    path("settings/status/", status.status_page, name="status"),
    path("api/v1/status/", status.StatusView.as_view(), name="api-status"),
    path("", include("raiportal.administration.urls")),
    path("", include("systems.urls")),
    path("", include("harms.urls")),
    path("", include("measurements.urls")),
    path("", include("raiportal.look.urls")),
    path("", include("raiportal.work.urls")),
    path("", include("raiportal.notifications.urls")),
    path("", include("raiportal.deadlines.urls")),
    path("", include("raiportal.evidence.urls")),
    path("", include("raiportal.comments.urls")),
    path("", include("raiportal.signoffs.urls")),
    path("", include("raiportal.reports.urls")),
    path("api/v1/", include("raiportal.api.urls")),
    path("api/v1/", include("raiportal.administration.api")),
    path("api/v1/", include("raiportal.work.api")),
    path("api/v1/", include("raiportal.notifications.api")),
    path("api/v1/", include("raiportal.deadlines.api")),
    path("api/v1/", include("raiportal.evidence.api")),
    path("api/v1/", include("raiportal.comments.api")),
    path("api/v1/", include("raiportal.signoffs.api")),
    path("api/v1/", include("raiportal.reports.api")),
    path("api/v1/", include("systems.api")),
    path("api/v1/", include("harms.api")),
    path("api/v1/", include("measurements.api")),
]
