"""`manage.py restore FILE`: a backup put into an empty database, then checked. Exit code 1 if it can't be, or isn't whole."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from raiportal.integrity.errors import CannotRestore
from raiportal.integrity.restore import restore


class Command(BaseCommand):
    help = "Put a backup into an empty database, then verify the ledger and check every invariant. RAIPORTAL_DB_USER has to be the tables' owner."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            result = restore(options["file"], self.stdout.write)
        except CannotRestore as refusal:
            raise CommandError(str(refusal)) from refusal
        for problem in result.problems:
            self.stdout.write(problem)
        seconds = time.monotonic() - began
        if result.problems:
            raise CommandError(f"Restored after {seconds:.1f} s, and not whole: see above.")
        self.stdout.write(
            f"Restored after {seconds:.1f} s. The ledger verifies and every invariant holds. Runs that were under way go on once a worker is there."
        )
