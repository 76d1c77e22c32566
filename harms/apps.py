from pathlib import Path

from django.apps import AppConfig

CATALOGUE = Path(__file__).parent / "catalogue"


class HarmsConfig(AppConfig):
    name = "harms"
    label = "harms"

    def ready(self) -> None:
        from harms import actions, navigation, on_systems
        from raiportal.audit.subjects import subject_kinds
        from raiportal.catalogues.loaders import Catalogue, catalogues
        from raiportal.look.navigation import navigation as rail
        from systems.extensions import portfolio_columns, readiness_facts, system_panels

        catalogues.register(Catalogue("risk-scale", CATALOGUE / "risk_scale.yaml", actions.load_scale))
        catalogues.register(Catalogue("harm-categories", CATALOGUE / "harm_categories.yaml", actions.load_categories))
        rail.register(navigation.REGISTER)
        subject_kinds.register(navigation.HARM)
        portfolio_columns.register(on_systems.COLUMN)
        readiness_facts.register(on_systems.FACT)
        system_panels.register(on_systems.PANEL)
