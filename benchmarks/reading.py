"""Readers of pages, made inside an installation's environment: `people THREE_SYSTEM_IDS...` prints their session keys, `queries KEY PATH` counts."""

import json
import sys

import django


def people(system_ids: list[int]) -> dict[str, str]:
    """Session keys of somebody who reads every system, of a viewer of the given ones, and of the administrator."""
    from raiportal.accounts import actions
    from raiportal.accounts.enums import Role
    from raiportal.accounts.models import User
    from systems.models import AISystem

    portal, number = User.system(), User.objects.count()
    everything = actions.add_user(username=f"reads-all-{number}", name="Reads all", password=None, actor=portal)
    actions.give_role(user=everything, role=Role.RISK_MANAGER, actor=portal)
    some = actions.add_user(username=f"reads-some-{number}", name="Reads some", password=None, actor=portal)
    for system in AISystem.objects.filter(pk__in=system_ids):
        actions.give_role(user=some, role=Role.VIEWER, scope=system.scope, actor=portal)
    return {"everything": _session(everything), "some": _session(some), "administrator": _session(User.objects.get(username="bench"))}


def _session(user: object) -> str:
    from django.test import Client

    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return str(client.session.session_key)


def queries(key: str, path: str) -> int:
    """How many queries one request of this reader makes, once the process has made one."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    client.get(path)
    with CaptureQueriesContext(connection) as made:
        answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    return len(made)


if __name__ == "__main__":
    django.setup()
    given = sys.argv[2:]
    print(json.dumps(people([int(text) for text in given]) if sys.argv[1] == "people" else queries(*given)))
