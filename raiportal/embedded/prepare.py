"""Bring a started database up to date: migrations, reference data, the sample programme, static files. A process of its own, run by `make up`.

It loads Django while PostgreSQL still starts, and touches the database after a line has come in on its standard input.
"""

import hashlib
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command, get_commands

SAMPLE_VARIABLE = "RAIPORTAL_SAMPLE"  # 0: start empty, for a first system of one's own or for a restore
UNUSED_STATIC_FILES = ["redoc", "rest_framework"]  # of packages whose pages the portal doesn't show


def main() -> None:
    django.setup()
    collect_static_files()
    if sys.stdin.readline():
        prepare_database()


def prepare_database() -> None:
    """Everything that the portal's processes expect to find. Harmless when repeated.

    The process signs in as the owner of the tables; the sample programme is made with the rights of the application's role, as all work is.
    """
    call_command("prepare_database")
    if os.environ.get(SAMPLE_VARIABLE) != "0" and "seed_demo" in get_commands():
        act_as_application()
        call_command("seed_demo")


def act_as_application() -> None:
    from django.db import connection
    from psycopg import sql

    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("set role {}").format(sql.Identifier(settings.DB_APP_ROLE)))


def migrations_are_pending() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def collect_static_files() -> None:
    """Collect and compress static files, if any of them changed since the last time."""
    stamp = Path(settings.STATIC_ROOT) / ".sources"
    sources = static_sources_digest()
    if stamp.exists() and stamp.read_text() == sources:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNUSED_STATIC_FILES)
    stamp.write_text(sources)


def static_sources_digest() -> str:
    """A digest over names, sizes and times of change of all source files."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
