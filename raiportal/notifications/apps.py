from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "raiportal.notifications"
    label = "notifications"

    def ready(self) -> None:
        from raiportal.audit.subjects import subject_kinds
        from raiportal.look.navigation import NavigationItem, navigation
        from raiportal.notifications import on_subjects, selectors
        from raiportal.notifications.kinds import NotificationKind, notification_kinds

        for kind in on_subjects.KINDS:
            subject_kinds.register(kind)
        notification_kinds.register(
            NotificationKind(
                "notifications.webhook_gone",
                "Webhook switched off",
                "A webhook's receiver answered that it wants no more messages. Told to whoever made it, and to the system's owners or the administrators.",
            )
        )
        navigation.register(
            NavigationItem(
                slug="notifications",
                label="Notifications",
                icon="bell",
                stage="everywhere",
                url_name="notification-list",
                order=15,
                count=lambda user, system: selectors.unread_count(user) or None,
            )
        )
