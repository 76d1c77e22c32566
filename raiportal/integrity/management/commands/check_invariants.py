"""`manage.py check_invariants`: whether everything that must hold of the stored rows holds. Exit code 1 if something doesn't."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from raiportal.integrity.invariants import Finding, examine


class Command(BaseCommand):
    help = "Look whether everything that must always hold of the stored rows holds, and list what breaks it."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for finding in examine():
            self.stdout.write(_told(finding))
            broken += not finding.holds
        if broken:
            raise CommandError(f"{broken} of the invariants do not hold. Nothing was changed; restore a backup, or ask whoever last touched the database.")


def _told(finding: Finding) -> str:
    line = f"{'ok' if finding.holds else 'BROKEN':7} {finding.invariant.slug}: {finding.invariant.words}"
    more = ["... and more of the same"] if finding.has_more else []
    return "\n".join([line, *(f"          {sentence}" for sentence in [*finding.violations, *more])])
