from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig


class HarmsConfig(AppConfig):
    name = "harms"
    label = "harms"

    def ready(self) -> None:
        from harms import navigation, on_deadlines, on_notifications, on_ratings, on_search, on_systems, on_work, rating_results, red_teaming, signing
        from harms.actions.outside_ratings import forget_person
        from harms.catalogues import KINDS
        from harms.extensions import harm_line_sources, harm_panels, merge_followers
        from harms.invariants import INVARIANTS
        from harms.rating_invariants import INVARIANTS as RATING_INVARIANTS
        from harms.reports import REGISTER as REGISTER_REPORT
        from raiportal.audit.personal import PersonalData, personal_data
        from raiportal.audit.subjects import subject_kinds
        from raiportal.catalogues.kinds import catalogues
        from raiportal.deadlines.kinds import deadline_kinds
        from raiportal.evidence.kinds import attachable
        from raiportal.integrity.invariants import invariants
        from raiportal.look.navigation import navigation as rail
        from raiportal.notifications.kinds import notification_kinds
        from raiportal.registry import Registry
        from raiportal.reports.kinds import report_kinds
        from raiportal.signoffs.kinds import sign_off_kinds
        from raiportal.work.sources import search_sources, work_sources
        from systems.extensions import portfolio_columns, readiness_facts, system_panels, use_followers

        offered: tuple[tuple[Registry[Any], Iterable[Any]], ...] = (
            (catalogues, KINDS),
            (sign_off_kinds, signing.KINDS),
            (rail, (navigation.EVERY_HARM, navigation.REGISTER, navigation.ASSESSMENT, on_ratings.ROUNDS, *red_teaming.RAIL)),
            (subject_kinds, (*navigation.KINDS, *on_ratings.SUBJECTS, *red_teaming.SUBJECTS)),
            (attachable, (navigation.ATTACHABLE, *red_teaming.ATTACHABLES)),
            (portfolio_columns, (on_systems.COLUMN,)),
            (readiness_facts, (on_systems.FACT, on_systems.ASSESSMENT_FACT, on_ratings.FACT)),
            (system_panels, (on_systems.PANEL, on_systems.KNOWN_HARMS)),
            (use_followers, (on_systems.FOLLOWER,)),
            (search_sources, on_search.SOURCES),
            (work_sources, (*on_work.SOURCES, *on_ratings.WORK, *red_teaming.WORK)),
            (deadline_kinds, (*on_deadlines.KINDS, on_ratings.DEADLINE)),
            (report_kinds, (REGISTER_REPORT,)),
            (notification_kinds, (*on_notifications.KINDS, *on_ratings.NOTIFICATIONS)),
            (invariants, (*INVARIANTS, *RATING_INVARIANTS, *red_teaming.INVARIANTS)),
            (harm_panels, on_ratings.PANELS),
            (harm_line_sources, (*red_teaming.LINE, rating_results.LINE)),
            (merge_followers, (red_teaming.FOLLOWER, on_ratings.FOLLOWER)),
            (personal_data, (PersonalData("outside-raters", forget_person),)),
        )
        for registry, entries in offered:
            for entry in entries:
                registry.register(entry)
