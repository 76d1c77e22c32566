"""The addresses of pages about notifications."""

from __future__ import annotations

from django.urls import path, re_path

from raiportal.notifications.views import deliveries, notifications, webhooks

urlpatterns = [
    path("notifications/", notifications.notification_list, name="notification-list"),
    re_path(r"^notifications/notifications\.(?P<format>csv|json)$", notifications.notification_export, name="notification-export"),
    path("notifications/read/", notifications.notification_read_all, name="notification-read-all"),
    path("notifications/<int:notification_id>/open/", notifications.notification_open, name="notification-open"),
    path("notifications/<int:notification_id>/read/", notifications.notification_read, name="notification-read"),
    path("settings/told/", webhooks.told_kinds, name="told-kinds"),
    path("settings/webhooks/", webhooks.webhook_list, name="webhook-list"),
    path("settings/webhooks/add/", webhooks.webhook_add, name="webhook-add"),
    path("settings/webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path("settings/webhooks/<int:webhook_id>/edit/", webhooks.webhook_edit, name="webhook-edit"),
    path("settings/webhooks/<int:webhook_id>/secret/", webhooks.webhook_secret, name="webhook-secret"),
    path("settings/webhooks/<int:webhook_id>/end/", webhooks.webhook_end, name="webhook-end"),
    path("settings/webhooks/<int:webhook_id>/resume/", webhooks.webhook_resume, name="webhook-resume"),
    path("settings/messages/", deliveries.delivery_list, name="delivery-list"),
    re_path(r"^settings/messages/messages\.(?P<format>csv|json)$", deliveries.delivery_export, name="delivery-export"),
    path("settings/messages/<int:delivery_id>/", deliveries.delivery, name="delivery"),
    path("settings/messages/<int:delivery_id>/send-again/", deliveries.delivery_again, name="delivery-again"),
]
