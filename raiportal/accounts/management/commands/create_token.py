"""`manage.py create_token --user NAME --scope all|read|register|measure|metrics`: make an API token; the token is the last word printed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from raiportal.accounts import actions
from raiportal.accounts.enums import Ability
from raiportal.accounts.models import Scope, User


class Command(BaseCommand):
    help = "Make an API token for a user. The token is the last word printed, and can't be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="the user's sign-in name")
        parser.add_argument(
            "--scope",
            choices=Ability.values,
            default=Ability.ALL.value,
            help="what the token may do: all, read, register (systems and harms), measure, metrics",
        )
        parser.add_argument("--system", action="append", default=[], help="slug of a system it is limited to; may be repeated")
        parser.add_argument("--name", default="made by command", help="what uses it")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = User.objects.filter(username=options["user"].lower()).first()
        if owner is None:
            raise CommandError(f"There is no user “{options['user']}”.")
        scopes = list(Scope.objects.filter(slug__in=options["system"]))
        if missing := set(options["system"]) - {scope.slug for scope in scopes}:
            raise CommandError(f"There is no system “{', '.join(sorted(missing))}”.")
        _, key = actions.make_token(owner=owner, name=options["name"], ability=Ability(options["scope"]), scopes=scopes, actor=User.system())
        self.stdout.write(f"Token of {owner.username}, shown this once: {key}")
