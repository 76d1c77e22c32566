"""Addresses of the harm register."""

from __future__ import annotations

from django.urls import path, re_path

from harms import views

urlpatterns = [
    path("systems/<int:system_id>/harms/", views.harm_list, name="harm-list"),
    path("systems/<int:system_id>/harms/add/", views.harm_add, name="harm-add"),
    re_path(r"^systems/(?P<system_id>[0-9]+)/harms\.(?P<format>csv|json)$", views.harm_export, name="harm-export"),
    path("harms/<int:harm_id>/", views.harm, name="harm"),
    path("harms/<int:harm_id>/edit/", views.harm_edit, name="harm-edit"),
    path("harms/<int:harm_id>/assess/", views.harm_assess, name="harm-assess"),
]
