from django.apps import AppConfig


class CataloguesConfig(AppConfig):
    name = "raiportal.catalogues"
    label = "catalogues"
