from django.apps import AppConfig


class SignoffsConfig(AppConfig):
    name = "raiportal.signoffs"
    label = "signoffs"

    def ready(self) -> None:
        from raiportal.audit.subjects import subject_kinds
        from raiportal.deadlines.kinds import deadline_kinds
        from raiportal.evidence.kinds import EvidenceFollower, evidence_followers
        from raiportal.look.navigation import NavigationItem, navigation
        from raiportal.notifications.kinds import notification_kinds
        from raiportal.signoffs import actions, on_deadlines, on_notifications, on_subjects, on_work
        from raiportal.work.sources import search_sources, work_sources

        for kind in on_notifications.KINDS:
            notification_kinds.register(kind)
        for subject in on_subjects.KINDS:
            subject_kinds.register(subject)
        for dated in on_deadlines.KINDS:
            deadline_kinds.register(dated)
        evidence_followers.register(EvidenceFollower("sign-offs", lambda subject, actor: actions.recheck(subject, actor=actor)))
        work_sources.register(on_work.WORK)
        search_sources.register(on_work.SEARCH)
        navigation.register(NavigationItem(slug="sign-offs", label="Sign-offs", icon="check", stage="everywhere", url_name="sign-off-list", order=16))
