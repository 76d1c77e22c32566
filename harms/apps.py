from django.apps import AppConfig


class HarmsConfig(AppConfig):
    name = "harms"
    label = "harms"
