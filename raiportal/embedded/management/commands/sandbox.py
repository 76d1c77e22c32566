"""`manage.py sandbox`, so that Django lists it. `manage.py` itself answers the command before it loads Django: the simulator needs no settings."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from raiportal.embedded import simulator


class Command(BaseCommand):
    help = "Start a simulator of an OpenAI-compatible endpoint, with known rates of harm and faults on request."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        self.handle(arguments=argv[2:])

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(simulator.main(options["arguments"]))
