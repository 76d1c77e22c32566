from django.apps import AppConfig


class CommentsConfig(AppConfig):
    name = "raiportal.comments"
    label = "comments"

    def ready(self) -> None:
        from raiportal.audit.personal import PersonalData, personal_data
        from raiportal.audit.subjects import subject_kinds
        from raiportal.comments import kinds
        from raiportal.comments.actions import forget_person
        from raiportal.comments.on_search import SOURCE
        from raiportal.comments.subjects import COMMENT
        from raiportal.notifications.kinds import notification_kinds
        from raiportal.work.sources import search_sources

        subject_kinds.register(COMMENT)
        search_sources.register(SOURCE)
        personal_data.register(PersonalData("comments", forget_person))
        notification_kinds.register(kinds.MENTIONED)
        notification_kinds.register(kinds.ANSWERED)
