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
    path("", include("raiportal.administration.urls")),
    path("", include("systems.urls")),
    path("", include("harms.urls")),
    path("", include("measurements.urls")),
    path("", include("raiportal.look.urls")),
    path("api/v1/", include("raiportal.api.urls")),
    path("api/v1/", include("systems.api")),
    path("api/v1/", include("harms.api")),
    path("api/v1/", include("measurements.api")),
]
