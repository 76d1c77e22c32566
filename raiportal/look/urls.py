from __future__ import annotations

from django.urls import path

from raiportal.look import views

urlpatterns = [path("style/", views.style, name="style"), path("style/<slug:slug>/", views.style_page, name="style-page")]
