from django.apps import AppConfig


class DeadlinesConfig(AppConfig):
    name = "raiportal.deadlines"
    label = "deadlines"

    def ready(self) -> None:
        from raiportal.audit.subjects import subject_kinds
        from raiportal.deadlines import on_subjects, selectors
        from raiportal.notifications.kinds import NotificationKind, notification_kinds
        from raiportal.work.sources import WorkSource, work_sources

        for kind in (
            NotificationKind("deadlines.due_soon", "Date comes up", "Something has to be done by a date that comes up. Told to those who have to do it."),
            NotificationKind("deadlines.due", "Date is there", "Something had to be done by now. Told to those who have to do it.", is_urgent=True),
            NotificationKind("deadlines.escalated", "Overdue", "Nobody did by its date what had to be done. Told to those who answer for it.", is_urgent=True),
        ):
            notification_kinds.register(kind)
        subject_kinds.register(on_subjects.DEADLINE)
        work_sources.register(WorkSource("deadlines", "Dates to keep", selectors.waiting_for, order=5))
