"""`manage.py audit_verify`: whether the ledger is as it was written, from the first entry to the last."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from raiportal.audit import keys
from raiportal.audit.actions import verifying


class Command(BaseCommand):
    help = "Verify the whole ledger: payloads, entries, segments, chain, signatures, checkpoints. Exits with 1 if anything is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--checkpoints", type=Path, help="a file of checkpoints that was kept elsewhere; by default RAIPORTAL_CHECKPOINTS")
        parser.add_argument("--keys", action="store_true", help="print the public keys, newest first, and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keys"]:
            for key in keys.public_keys().values():
                self.stdout.write(base64.b64encode(key).decode())
            return
        wanted = options["checkpoints"]
        if wanted and not wanted.exists():
            raise CommandError(f"There is no file {wanted}.")
        report = verifying.verify_and_note(wanted)
        for problem in report.problems:
            self.stdout.write(problem)
        told = f"{report.entries} entries in {report.segments} segments, {report.unsealed} not sealed yet, in {report.seconds:.1f} s"
        if not report.ok:
            raise CommandError(f"{report.problem_count} problems: {told}.", returncode=1)
        self.stdout.write(f"Everything holds: {told}.")
