"""`manage.py backup FILE`: the whole installation in one file, while it goes on working."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from raiportal.integrity.backup import back_up
from raiportal.integrity.errors import CannotBackUp

BYTES_PER_MEGABYTE = 1_000_000


class Command(BaseCommand):
    help = "Write everything that the installation holds, as it is at one moment, into one file. Its keys are not in it: keep them elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        path: Path = options["file"]
        try:
            manifest = back_up(path, self.stdout.write)
        except CannotBackUp as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{path}: {path.stat().st_size / BYTES_PER_MEGABYTE:.1f} MB after {time.monotonic() - began:.1f} s.")
        self.stdout.write("The keys are not in it. A restore needs RAIPORTAL_FIELD_KEYS and RAIPORTAL_LEDGER_KEY as they are now: keep them elsewhere.")
        if manifest.field_keys:
            self.stdout.write(f"Field keys in use, by fingerprint: {', '.join(manifest.field_keys)}.")
