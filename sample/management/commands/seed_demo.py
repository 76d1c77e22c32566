"""`manage.py seed_demo`: the sample programme, once for each embedded installation."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from sample import programme


class Command(BaseCommand):
    help = "Build the sample programme with an account for each role. Only in the embedded default; does nothing where there are people already."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED or not settings.SANDBOX_URL:
            raise CommandError("The sample programme exists only in the embedded default that `make up` starts.")
        if User.objects.exclude(kind=UserKind.SYSTEM).exists():
            self.stdout.write("There are people already; the sample programme stays as it is.")
            return
        with transaction.atomic():
            sign_ins = programme.build(settings.SANDBOX_URL)
            write_privately(settings.DATA_DIR / "sign-ins.json", json.dumps(sign_ins, indent=1))
        self.stdout.write(f"Sample programme made, with {len(sign_ins)} accounts.")


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)
