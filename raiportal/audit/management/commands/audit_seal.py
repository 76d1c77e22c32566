"""`manage.py audit_seal`: seal what was written since the last seal; beat does it every minute."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from raiportal.audit.actions import sealing


class Command(BaseCommand):
    help = "Seal the ledger's newest entries and write the checkpoints that are missing outside the database."

    def handle(self, *args: Any, **options: Any) -> None:
        made = sealing.seal()
        for segment in made:
            self.stdout.write(f"Segment {segment.number} seals {segment.count} entries up to {segment.last_id}: {segment.digest}")
        if not made:
            self.stdout.write("Nothing was sealed: there is nothing new, or work in flight holds new entries; the next sealing tries again.")
