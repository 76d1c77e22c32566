from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "raiportal.api"
    label = "api"

    def ready(self) -> None:
        from raiportal.api import words  # (schema registers how tokens are described)

        words.install()
