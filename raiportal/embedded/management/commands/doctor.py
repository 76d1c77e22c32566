"""`manage.py doctor`, so that Django lists it. `manage.py` itself answers the command before it loads Django, which needs settings first."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from raiportal.embedded import doctor


class Command(BaseCommand):
    help = "Say what is wrong with this installation, and what to do about it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        doctor.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(doctor.run(data=options["data"]))
