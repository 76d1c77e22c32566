from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "raiportal.reports"
    label = "reports"

    def ready(self) -> None:
        from raiportal.audit.subjects import subject_kinds
        from raiportal.deadlines.kinds import deadline_kinds
        from raiportal.look.navigation import NavigationItem, navigation
        from raiportal.notifications.kinds import NotificationKind, notification_kinds
        from raiportal.reports import on_deadlines, on_subjects, on_work
        from raiportal.work.sources import search_sources, work_sources

        for subject in on_subjects.KINDS:
            subject_kinds.register(subject)
        for kind in (
            NotificationKind("reports.sent", "Report sent", "A report was sent to be read and acknowledged. Told to those to whom it was sent."),
            NotificationKind("reports.reminded", "Report not acknowledged", "Somebody reminds of a report. Told to those who have yet to acknowledge it."),
            NotificationKind("reports.acknowledged", "Report acknowledged", "A recipient read and understood a report. Told to whoever sent it."),
        ):
            notification_kinds.register(kind)
        deadline_kinds.register(on_deadlines.KIND)
        work_sources.register(on_work.WORK)
        search_sources.register(on_work.SEARCH)
        navigation.register(NavigationItem(slug="reports", label="Reports", icon="report", stage="everywhere", url_name="report-list", order=35))
