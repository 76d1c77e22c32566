from django.apps import AppConfig


class SystemsConfig(AppConfig):
    name = "systems"
    label = "systems"

    def ready(self) -> None:
        from raiportal.audit.subjects import subject_kinds
        from raiportal.look.navigation import navigation, system_switchers
        from systems import facts, subjects
        from systems import navigation as entries
        from systems.extensions import readiness_facts

        for item in entries.ITEMS:
            navigation.register(item)
        system_switchers.register(entries.SWITCHER)
        for kind in subjects.KINDS:
            subject_kinds.register(kind)
        for fact in (facts.STATED, facts.CALLABLE):
            readiness_facts.register(fact)
