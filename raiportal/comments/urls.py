"""The addresses of pages about comments."""

from __future__ import annotations

from django.urls import path

from raiportal.comments import views

urlpatterns = [
    path("comments/of/<str:kind>/<int:pk>/add/", views.comment_add, name="comment-add"),
    path("comments/<int:comment_id>/", views.comment, name="comment"),
    path("comments/<int:comment_id>/edit/", views.comment_edit, name="comment-edit"),
    path("comments/<int:comment_id>/remove/", views.comment_remove, name="comment-remove"),
]
