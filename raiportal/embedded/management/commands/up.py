"""`manage.py up`, so that Django lists it. `manage.py` itself answers the command before it loads Django, which needs settings first."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from raiportal.embedded import up


class Command(BaseCommand):
    help = "Start the portal with its own database, broker, worker and sandbox, in the foreground."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        up.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(up.run(port=options["port"], data=options["data"]))
