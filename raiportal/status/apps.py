from django.apps import AppConfig


class StatusConfig(AppConfig):
    name = "raiportal.status"
    label = "status"

    def ready(self) -> None:
        from raiportal.status import receivers
        from raiportal.status.probes import PROBES
        from raiportal.status.readings import probes

        assert receivers  # imported for the signals that it listens to
        for probe in PROBES:
            probes.register(probe)
