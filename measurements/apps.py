from django.apps import AppConfig


class MeasurementsConfig(AppConfig):
    name = "measurements"
    label = "measurements"

    def ready(self) -> None:
        from harms.extensions import MergeFollower, call_gates, finding_panels, harm_line_sources, harm_panels, merge_followers, point_sources
        from measurements import facts, findings, navigation, on_notifications, on_search, on_status, on_work, panels, subjects
        from measurements.actions.merging import follow_merge
        from measurements.actions.single_calls import GATE
        from measurements.invariants import INVARIANTS
        from raiportal.audit.subjects import subject_kinds
        from raiportal.integrity.invariants import invariants
        from raiportal.look.navigation import navigation as rail
        from raiportal.notifications.kinds import notification_kinds
        from raiportal.status.counts import counts
        from raiportal.status.readings import probes
        from raiportal.work.sources import search_sources, work_sources
        from systems.extensions import deployment_panels, portfolio_columns, readiness_facts, system_panels

        for item in navigation.ITEMS:
            rail.register(item)
        for kind in subjects.KINDS:
            subject_kinds.register(kind)
        for told in on_notifications.KINDS:
            notification_kinds.register(told)
        for fact in (facts.CASES, facts.METRICS, facts.RUNS):
            readiness_facts.register(fact)
        portfolio_columns.register(panels.RUNS_UNDER_WAY)
        system_panels.register(panels.SYSTEM_RUNS)
        system_panels.register(panels.SYSTEM_SCHEDULES)
        deployment_panels.register(panels.DEPLOYMENT_RUNS)
        harm_panels.register(panels.HARM_ESTIMATES)
        merge_followers.register(MergeFollower("measurements", follow_merge))
        call_gates.register(GATE)
        finding_panels.register(findings.PANEL)
        harm_line_sources.register(findings.LINE)
        point_sources.register(findings.SOURCE)
        for source in on_search.SOURCES:
            search_sources.register(source)
        for waiting in on_work.SOURCES:
            work_sources.register(waiting)
        for invariant in INVARIANTS:
            invariants.register(invariant)
        probes.register(on_status.PROBE)
        counts.register(on_status.COUNTS)
