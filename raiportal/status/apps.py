from django.apps import AppConfig


class StatusConfig(AppConfig):
    name = "raiportal.status"
    label = "status"
