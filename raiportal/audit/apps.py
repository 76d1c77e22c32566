from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "raiportal.audit"
    label = "audit"
