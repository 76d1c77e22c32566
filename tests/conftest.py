"""What every test shares: emptied tables in spite of the ledger's triggers, and groups for the tests that start processes."""

import io
from collections.abc import Sequence

import hypothesis
import pytest
import pytest_django
from django.core.management import call_command
from django.db import transaction
from django.db.backends.postgresql.operations import DatabaseOperations

from tests import figures

PROCESS_GROUP = "processes"

hypothesis.settings.register_profile("project", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start processes of their own run one after the other, in one worker."""
    for item in items:
        if item.get_closest_marker(PROCESS_GROUP):
            item.add_marker(pytest.mark.xdist_group(PROCESS_GROUP))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if figures.told:
        terminalreporter.section("figures")
    for line in figures.told:
        terminalreporter.write_line(line)


def _empty_tables(operations: DatabaseOperations, statements: Sequence[str]) -> None:
    """Run Django's flush with triggers off, since those of the ledger refuse TRUNCATE; the right to do so is given to the tests' role alone."""
    connection = operations.connection
    with transaction.atomic(using=connection.alias, savepoint=connection.features.can_rollback_ddl), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
    call_command("load_catalogues", stdout=io.StringIO())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    """Every test starts with the shipped reference data, as every installation does."""
    with django_db_blocker.unblock():
        call_command("load_catalogues", stdout=io.StringIO())


@pytest.fixture(scope="session", autouse=True)
def tables_can_be_emptied() -> None:
    DatabaseOperations.execute_sql_flush = _empty_tables  # type: ignore[method-assign]
