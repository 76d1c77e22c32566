from django.apps import AppConfig


class AdministrationConfig(AppConfig):
    name = "raiportal.administration"
    label = "administration"

    def ready(self) -> None:
        from raiportal.administration.subjects import ENTRY, LEDGER_ENTRY, PERSON, TOKEN
        from raiportal.audit.subjects import subject_kinds
        from raiportal.look.navigation import NavigationItem, navigation

        for kind in (PERSON, TOKEN, ENTRY, LEDGER_ENTRY):
            subject_kinds.register(kind)
        navigation.register(NavigationItem(slug="settings", label="Settings", icon="settings", stage="everywhere", url_name="settings", order=90))
