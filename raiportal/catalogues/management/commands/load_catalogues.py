"""`manage.py load_catalogues`: bring the shipped reference data into the database. Safe to repeat."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from raiportal.accounts.actions import ensure_system_user
from raiportal.catalogues import actions


class Command(BaseCommand):
    help = "Load the shipped reference data; safe to repeat."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for slug, changes in actions.load_all(ensure_system_user()).items():
            self.stdout.write(f"{slug}: {changes} changed")
