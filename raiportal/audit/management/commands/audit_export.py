"""`manage.py audit_export FILE`: the whole ledger for the stand-alone verifier."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from raiportal.accounts.models import User
from raiportal.audit import written
from raiportal.audit.actions import exporting


class Command(BaseCommand):
    help = "Write the whole ledger to a file that raiportal/audit/standalone/verify_ledger.py verifies without the portal. The export is recorded."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        exporting.note_export(format="jsonl", filters={}, actor=User.system())
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", errors="surrogatepass") as stream:
                count = sum(stream.write(line) > 0 for line in written.export())
        except OSError as problem:
            raise CommandError(f"{file} can't be written: {problem.strerror}.") from problem
        self.stdout.write(f"{count} lines were written to {file}. Verify with: python verify_ledger.py {file} --key KEY, where audit_verify --keys prints KEY.")
