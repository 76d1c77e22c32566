"""`restore`: put a backup into an empty database, and say whether what came out is whole.

Nothing is overwritten: a database in which anybody has an account is refused. Either everything is restored or nothing is.
"""

from __future__ import annotations

import datetime
import filecmp
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from raiportal import clocks
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import Scope, User
from raiportal.integrity import archive, files, invariants, keys, tables
from raiportal.integrity.archive import Manifest
from raiportal.integrity.errors import CannotRestore

_MAY_RESTORE = "select pg_has_role(current_user, relowner, 'USAGE') from pg_class where oid = 'django_migrations'::regclass"


@dataclass(frozen=True)
class Restored:
    """What was put back. `problems` are violations that the restored rows have; a good backup gives none."""

    manifest: Manifest
    problems: Sequence[str]


def restore(path: Path, tell: Callable[[str], None] = lambda line: None) -> Restored:
    """Restore the archive and check the result. Raises CannotRestore with a sentence, and has changed nothing then."""
    with archive.reading(path) as (source, manifest):
        tell(f"Backup of {manifest.made_at}, release {manifest.version}: {manifest.rows} rows, {len(manifest.files)} files.")
        require_keys(manifest)
        _require_whole_files(source, manifest)
        _bring_tables(manifest, tell)
        require_empty()
        with transaction.atomic(durable=True):
            _load(source, manifest)
        _write_files(source, manifest, tell)
    _finish(tell)
    return Restored(manifest, invariants.violations())


def require_keys(manifest: Manifest) -> None:
    """Refuse an installation that couldn't open what is encrypted in the backup."""
    missing = [name for name in manifest.field_keys if name not in keys.known()]
    if missing:
        raise CannotRestore(
            f"RAIPORTAL_FIELD_KEYS lacks {len(missing)} of the keys that the backup's stored keys are encrypted with (fingerprint {', '.join(missing)}): "
            "set it as it was in the installation that was backed up."
        )


def require_empty() -> None:
    """Refuse a database that somebody works in."""
    people = User.objects.exclude(kind=UserKind.SYSTEM).count()
    if people or Scope.objects.exists():
        raise CannotRestore(f"The database isn't empty: it has {people} accounts and {Scope.objects.count()} systems. Restore into a new database.")


def _bring_tables(manifest: Manifest, tell: Callable[[str], None]) -> None:
    """Have the tables as they were when the backup was made: an empty database gets them, one that has others is refused."""
    present = tables.migrations()
    if not present:
        tell("Making the tables as the backup has them.")
        bring_tables_to(manifest.migrations)
        present = tables.migrations()
    if _steps(present) != _steps(manifest.migrations):
        raise CannotRestore(
            f"The database's tables are those of another release than the backup's ({manifest.version}): restore into a database without any tables; "
            "they are made as the backup has them, and brought up to date afterwards."
        )
    with connection.cursor() as cursor:
        cursor.execute(_MAY_RESTORE)
        if not cursor.fetchone()[0]:
            raise CannotRestore("Only the role that owns the tables can restore: set RAIPORTAL_DB_USER and RAIPORTAL_DB_PASSWORD to it.")


def bring_tables_to(applied: Sequence[str]) -> None:
    """Apply exactly these migrations. Raises CannotRestore for one that this release doesn't have."""
    executor = MigrationExecutor(connection)
    wanted = _steps(applied)
    known = executor.loader.disk_migrations
    unknown = sorted(wanted - known.keys())
    if unknown:
        raise CannotRestore(f"The backup is of a newer release: this one doesn't know {'.'.join(unknown[0])}. Restore it with the release that made it.")
    short_ways = {node for node, migration in known.items() if migration.replaces}
    if all(wanted.issuperset(known[node].replaces) for node in short_ways):
        wanted |= short_ways
    else:  # older than one of the short ways
        executor.loader = MigrationLoader(connection, replace_migrations=False)
    executor.migrate([node for node in wanted if node in executor.loader.graph.nodes and _is_last(node, wanted, executor.loader.graph)])
    call_command("createcachetable", verbosity=0)


def _is_last(node: tuple[str, str], wanted: set[tuple[str, str]], graph: MigrationGraph) -> bool:
    """Whether none of the wanted ones stands on it: Django takes back what stands on one that it is sent to."""
    return not any(child.key in wanted for child in graph.node_map[node].children)


def _steps(applied: Iterable[str]) -> set[tuple[str, str]]:
    """Migrations by app and name, without those that only stand for others: which way a database went makes no difference."""
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    named = {(app, name) for app, _, name in (migration.partition(".") for migration in applied)}
    return {node for node in named if node not in known or not known[node].replaces}


def _require_whole_files(source: zipfile.ZipFile, manifest: Manifest) -> None:
    """They are written once the rows stand, so what is wrong with one has to be known before."""
    for part in manifest.files:
        files.place_of(part.name)
        for _ in archive.chunks_of(source, part):
            pass


def _load(source: zipfile.ZipFile, manifest: Manifest) -> None:
    with tables.emptied(), connection.cursor() as cursor:
        for part in manifest.tables:
            table = tables.Table(Path(part.name).stem, part.columns)
            with cursor.cursor.copy(sql.SQL("copy {} from stdin").format(table.target)) as copy:
                for chunk in archive.chunks_of(source, part):
                    copy.write(chunk)
            if cursor.rowcount != part.rows:
                raise CannotRestore(f"The archive is damaged: {part.name} has {cursor.rowcount} rows, and {part.rows} were written.")
    tables.set_sequences(manifest.sequences)


def _write_files(source: zipfile.ZipFile, manifest: Manifest, tell: Callable[[str], None]) -> None:
    """Put the files into the data folder. One that is there and differs is kept under another name."""
    for part in manifest.files:
        place = files.place_of(part.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        content = place.with_name(place.name + ".restored")
        with content.open("wb") as stream:
            for chunk in archive.chunks_of(source, part):
                stream.write(chunk)
        if place.exists() and not filecmp.cmp(place, content, shallow=False):
            aside = place.with_name(f"{place.name}.before-{clocks.now().astimezone(datetime.UTC):%Y%m%dT%H%M%S}")
            place.rename(aside)
            tell(f"{place} was there already, and is {aside.name} now.")
        content.rename(place)


def _finish(tell: Callable[[str], None]) -> None:
    """Bring an older backup up to date, and let the planner know the rows."""
    from django.conf import settings

    if settings.DB_APP_ROLE:
        call_command("prepare_database", verbosity=0, stdout=io.StringIO())
    else:
        call_command("migrate", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    tell("Everything is in its place; looking whether it is whole.")
