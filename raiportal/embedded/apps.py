from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "raiportal.embedded"
    label = "embedded"
