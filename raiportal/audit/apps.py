from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "raiportal.audit"
    label = "audit"

    def ready(self) -> None:
        from django.core import checks

        from raiportal.audit.keys import check_keys

        checks.register(check_keys)
