"""`manage.py rotate_field_keys`: everything encrypted, anew under the newest field key. Exit code 1 if a value opens with none of the keys."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from raiportal.integrity.actions import rotate_field_keys


class Command(BaseCommand):
    help = "Write every encrypted value anew under the first of RAIPORTAL_FIELD_KEYS, so that the older keys can be dropped."

    def handle(self, *args: Any, **options: Any) -> None:
        done = rotate_field_keys()
        for one in done:
            counts = f"{one.rewritten_count} written anew, {one.kept_count} under the newest key already, {one.unreadable_count} unreadable"
            self.stdout.write(f"{one.what}: {counts}")
        if unreadable := sum(one.unreadable_count for one in done):
            raise CommandError(f"{unreadable} of the values can't be read with any key and stay as they are; `manage.py check_invariants` names them.")
