"""`manage.py prepare_database`: tables, reference data and the rights of the application's role. Run by the role that owns the tables."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from raiportal.audit import rights


class Command(BaseCommand):
    help = (
        "Bring the database up to date: migrations, cache table, reference data, and the rights of the application's role (RAIPORTAL_DB_APP_ROLE). "
        "RAIPORTAL_DB_USER has to be the role that owns the tables. Harmless when repeated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        role = settings.DB_APP_ROLE
        _require_two_roles(role)
        call_command("migrate", interactive=False, verbosity=options["verbosity"], stdout=self.stdout)
        call_command("createcachetable", verbosity=0)
        if not rights.ensure_role(role, settings.DB_APP_PASSWORD):
            raise CommandError(f"There is no database role {role}: create it, or give its password as RAIPORTAL_DB_APP_PASSWORD and it is made.")
        rights.grant_rights(role)
        if "load_catalogues" in get_commands():
            call_command("load_catalogues", stdout=self.stdout)
        self.stdout.write(f"The database is ready for the role {role}.")


def _require_two_roles(role: str) -> None:
    if not role:
        raise CommandError("RAIPORTAL_DB_APP_ROLE isn't set: name the database role that web, worker and beat sign in with.")
    if role == connection.settings_dict["USER"]:
        raise CommandError(f"RAIPORTAL_DB_USER and RAIPORTAL_DB_APP_ROLE are both {role}: the tables have to belong to another role than the application's.")
