"""Real connections beside the test's own: the application's role, and the superuser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
import pytest_django
from django.db import connection
from psycopg import sql

from raiportal.audit import rights

PASSWORD = "throw-away"

Connect = Callable[[], psycopg.Connection]


def connect(user: str, password: str) -> psycopg.Connection:
    """A connection to this worker's database, each statement a transaction of its own."""
    place = connection.settings_dict
    return psycopg.connect(host=place["HOST"], port=place["PORT"], dbname=place["NAME"], user=user, password=password, autocommit=True)


@pytest.fixture(scope="module")
def superuser(django_db_setup: None) -> Iterator[psycopg.Connection]:
    with connect("postgres", PASSWORD) as found:
        yield found


@pytest.fixture(scope="module")
def application_role(superuser: psycopg.Connection, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[str]:
    """A role with the rights that `prepare_database` gives, for this worker alone; the tests' own role may act as it."""
    name = f"application_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    role = sql.Identifier(name)
    superuser.execute(sql.SQL("create role {} login password {}").format(role, sql.Literal(PASSWORD)))
    superuser.execute(sql.SQL("grant {} to raiportal").format(role))
    with django_db_blocker.unblock():
        rights.grant_rights(name)
        connection.close()
    yield name
    superuser.execute(sql.SQL("drop owned by {}").format(role))
    superuser.execute(sql.SQL("drop role {}").format(role))


@pytest.fixture
def as_application(application_role: str) -> Iterator[psycopg.Connection]:
    with connect(application_role, PASSWORD) as found:
        yield found
