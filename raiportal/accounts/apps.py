from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "raiportal.accounts"
    label = "accounts"

    def ready(self) -> None:
        from raiportal.accounts import receivers  # noqa: F401  (connects to allauth's signals)
