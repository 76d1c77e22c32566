"""`manage.py add_administrator NAME`: an administrator's account, with a link to set its password. How a new installation gets its first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from raiportal.accounts import actions, invitations
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.errors import RaiportalError


class Command(BaseCommand):
    help = "Make an administrator's account and print a link, good for one use within a day, by which they set their password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="the name to sign in with")
        parser.add_argument("--name", help="the person's name; by default the sign-in name")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            link = _add(options["username"], options["name"] or options["username"], options["email"])
        except RaiportalError as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(f"{options['username']} sets a password here, once and within a day:\n{link}")


@transaction.atomic
def _add(username: str, name: str, email: str) -> str:
    portal = actions.ensure_system_user()
    person = actions.add_user(username=username, name=name, email=email, password=None, reason="Added on the command line.", actor=portal)
    actions.give_role(user=person, role=Role.ADMINISTRATOR, actor=portal)
    administrator = User.objects.get(pk=person.pk)
    return invitations.make_password_link(user_id=person.pk, reason="Made with the account, on the command line.", actor=administrator).link
