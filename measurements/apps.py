from django.apps import AppConfig


class MeasurementsConfig(AppConfig):
    name = "measurements"
    label = "measurements"

    def ready(self) -> None:
        from harms.extensions import harm_panels
        from measurements import facts, navigation, panels, subjects
        from raiportal.audit.subjects import subject_kinds
        from raiportal.look.navigation import navigation as rail
        from systems.extensions import deployment_panels, portfolio_columns, readiness_facts, system_panels

        for item in navigation.ITEMS:
            rail.register(item)
        for kind in subjects.KINDS:
            subject_kinds.register(kind)
        for fact in (facts.CASES, facts.METRICS, facts.RUNS):
            readiness_facts.register(fact)
        portfolio_columns.register(panels.RUNS_UNDER_WAY)
        system_panels.register(panels.SYSTEM_RUNS)
        system_panels.register(panels.SYSTEM_SCHEDULES)
        deployment_panels.register(panels.DEPLOYMENT_RUNS)
        harm_panels.register(panels.HARM_ESTIMATES)
