"""The addresses of pages about evidence."""

from __future__ import annotations

from django.urls import path, re_path

from raiportal.evidence import views

urlpatterns = [
    path("evidence/of/<str:kind>/<int:pk>/", views.evidence_list, name="evidence-list"),
    re_path(r"^evidence/of/(?P<kind>[a-z_.]+)/(?P<pk>[0-9]+)\.(?P<format>csv|json)$", views.evidence_export, name="evidence-export"),
    path("evidence/of/<str:kind>/<int:pk>/add/", views.evidence_add, name="evidence-add"),
    path("evidence/<int:evidence_id>/file/", views.evidence_file, name="evidence-file"),
    path("evidence/<int:evidence_id>/object/", views.evidence_object, name="evidence-object"),
    path("evidence/<int:evidence_id>/remove/", views.evidence_remove, name="evidence-remove"),
]
