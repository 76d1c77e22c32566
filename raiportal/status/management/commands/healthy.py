"""`manage.py healthy`, so that Django lists it. `manage.py` itself answers the command before it loads Django, which a check needs not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from raiportal.status import alive


class Command(BaseCommand):
    help = "Say whether this container's web server, worker, runner or beat does its work. For health checks."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("process", choices=alive.PROCESSES)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(alive.main([options["process"]]))
