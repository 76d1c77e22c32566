from django.apps import AppConfig


class SystemsConfig(AppConfig):
    name = "systems"
    label = "systems"

    def ready(self) -> None:
        from raiportal.audit.subjects import subject_kinds
        from raiportal.evidence.kinds import attachable
        from raiportal.integrity.invariants import invariants
        from raiportal.look.navigation import navigation, system_switchers
        from raiportal.notifications.kinds import notification_kinds
        from raiportal.work.sources import search_sources, work_sources
        from systems import activation, facts, on_notifications, on_search, on_work, subjects
        from systems import navigation as entries
        from systems.extensions import activation_checks, readiness_facts
        from systems.invariants import INVARIANTS

        for item in entries.ITEMS:
            navigation.register(item)
        system_switchers.register(entries.SWITCHER)
        for kind in subjects.KINDS:
            subject_kinds.register(kind)
        for attached in subjects.ATTACHABLE:
            attachable.register(attached)
        for fact in facts.READINESS:
            readiness_facts.register(fact)
        for told in on_notifications.KINDS:
            notification_kinds.register(told)
        for check in activation.CHECKS:
            activation_checks.register(check)
        for source in on_search.SOURCES:
            search_sources.register(source)
        for waiting in on_work.SOURCES:
            work_sources.register(waiting)
        for invariant in INVARIANTS:
            invariants.register(invariant)
