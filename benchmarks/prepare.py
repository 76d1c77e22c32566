"""Prepare a fresh database for measuring: tables, reference data, an administrator. Prints the administrator's API token."""

import io

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("prepare_database", verbosity=0, stdout=io.StringIO())
    from raiportal.accounts import actions
    from raiportal.accounts.enums import Role
    from raiportal.accounts.models import User

    portal = actions.ensure_system_user()
    person = actions.add_user(username="bench", name="Bench", password=None, actor=portal)
    actions.give_role(user=person, role=Role.ADMINISTRATOR, actor=portal)
    print(actions.make_token(owner=User.objects.get(pk=person.pk), name="bench", actor=portal)[1])


if __name__ == "__main__":
    main()
