from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "raiportal.work"
    label = "work"

    def ready(self) -> None:
        from raiportal.look.navigation import NavigationItem, navigation
        from raiportal.work.kernel import SEARCH, WORK
        from raiportal.work.sources import search_sources, work_sources

        navigation.register(NavigationItem(slug="work", label="My work", icon="work", stage="everywhere", url_name="work", order=10))
        navigation.register(NavigationItem(slug="search", label="Search", icon="search", stage="everywhere", url_name="search", order=40))
        for source in SEARCH:
            search_sources.register(source)
        for waiting in WORK:
            work_sources.register(waiting)
