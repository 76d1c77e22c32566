"""What every test shares: emptied tables in spite of the ledger's triggers, and groups for the tests that start processes."""

import io
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_django
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.db.backends.postgresql.operations import DatabaseOperations

from tests import figures

PROCESS_GROUP = "processes"

hypothesis.settings.register_profile("project", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("project")


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    settings.PASSWORD_HASHERS = ["tests.hashing.QuickArgon2"]


@pytest.fixture(autouse=True, scope="session")
def _evidence_in_a_folder_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.EVIDENCE_FILES = tmp_path_factory.mktemp("evidence")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start processes of their own run one after the other, in one worker."""
    for item in items:
        if item.get_closest_marker(PROCESS_GROUP):
            item.add_marker(pytest.mark.xdist_group(PROCESS_GROUP))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = figures.all_lines()
    if lines:
        terminalreporter.section("figures")
    for line in lines:
        terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands its figures to the process that prints them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = {"told": figures.told, "counted": dict(figures.counted)}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    handed = getattr(node, "workeroutput", {}).get("figures", {})
    figures.told.extend(handed.get("told", []))
    figures.counted.update(handed.get("counted", {}))


REFERENCE_DATA = frozenset(
    {"catalogue_file", "catalogue_entry", "catalogue_entry_version", "harm_category", "risk_scale", "risk_scale_level", "account_review_kind"}
)


def _empty_tables(operations: DatabaseOperations, statements: Sequence[str]) -> None:
    """Django's flush, with triggers off, since those of the ledger refuse it; the right to do so is given to the tests' role alone.

    The portal's own user stays, and so does the shipped reference data unless the test changed it: loading it again would take longer than most
    tests. Rows of small tables are deleted faster than their tables are truncated.
    """
    connection = operations.connection
    tables = set(connection.introspection.django_table_names(only_existing=True)) - {"account_user", "django_migrations"}
    with transaction.atomic(using=connection.alias, savepoint=connection.features.can_rollback_ddl), connection.cursor() as cursor:
        cursor.execute("select count(*) filter (where number > 1 or origin <> 'shipped') from catalogue_entry_version")
        was_changed = cursor.fetchone()[0] > 0
        tables -= frozenset() if was_changed else REFERENCE_DATA
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(";".join([*(f'delete from "{table}"' for table in sorted(tables)), "delete from account_user where kind <> 'system'"]))
    if was_changed:
        call_command("load_catalogues", stdout=io.StringIO())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    """Every test starts with the shipped reference data, as every installation does."""
    with django_db_blocker.unblock():
        call_command("load_catalogues", stdout=io.StringIO())


@pytest.fixture(autouse=True)
def no_checkpoints(request: pytest.FixtureRequest, settings: pytest_django.Settings) -> None:
    """The seals of another test's ledger are none of this one's, not even those that processes of that test still write while they end."""
    told = Path(os.environ["RAIPORTAL_CHECKPOINTS"])
    told.unlink(missing_ok=True)
    if request.node.get_closest_marker(PROCESS_GROUP) is None:
        settings.CHECKPOINTS = told.with_name(f"{told.stem}-{uuid.uuid4().hex}.jsonl")


@pytest.fixture(scope="session", autouse=True)
def tables_can_be_emptied() -> None:
    DatabaseOperations.execute_sql_flush = _empty_tables  # type: ignore[method-assign]
