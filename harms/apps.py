from pathlib import Path

from django.apps import AppConfig

CATALOGUE = Path(__file__).parent / "catalogue"


class HarmsConfig(AppConfig):
    name = "harms"
    label = "harms"

    def ready(self) -> None:
        from harms import actions
        from raiportal.catalogues.loaders import Catalogue, catalogues

        catalogues.register(Catalogue("risk-scale", CATALOGUE / "risk_scale.yaml", actions.load_scale))
        catalogues.register(Catalogue("harm-categories", CATALOGUE / "harm_categories.yaml", actions.load_categories))
