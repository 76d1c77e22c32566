from django.apps import AppConfig


class CataloguesConfig(AppConfig):
    name = "raiportal.catalogues"
    label = "catalogues"

    def ready(self) -> None:
        from raiportal.catalogues.kinds import catalogues
        from raiportal.catalogues.shipped import KINDS

        for kind in KINDS:
            catalogues.register(kind)
