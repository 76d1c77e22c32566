from django.apps import AppConfig


class MeasurementsConfig(AppConfig):
    name = "measurements"
    label = "measurements"

    def ready(self) -> None:
        from measurements import facts, navigation, subjects
        from raiportal.audit.subjects import subject_kinds
        from raiportal.look.navigation import navigation as rail
        from systems.extensions import readiness_facts

        for item in navigation.ITEMS:
            rail.register(item)
        for kind in subjects.KINDS:
            subject_kinds.register(kind)
        for fact in (facts.CASES, facts.METRICS):
            readiness_facts.register(fact)
