"""An empty database of its own for tests of upgrades: the usual one holds reference data and belongs to the other tests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


@pytest.fixture
def scratch(transactional_db: None) -> Iterator[None]:
    """The connection leads to an empty database of its own, until the test is over."""
    usual, name = connection.settings_dict["NAME"], f"upgrade_{uuid.uuid4().hex[:8]}"
    _execute(f'create database "{name}" template template0')
    _connect_to(name)
    try:
        yield
    finally:
        _connect_to(usual)
        _execute(f'drop database "{name}" with (force)')


def migrate(*targets: tuple[str, str]) -> Any:
    """Bring the database there step by step, and give the models as they are then."""
    _executor().migrate(list(targets))
    return _executor().loader.project_state(list(targets)).apps


def newest(app: str | None = None) -> list[tuple[str, str]]:
    """The last migration of an app, or of each."""
    graph = _executor().loader.graph
    return [node for node in graph.leaf_nodes(app) if not graph.nodes[node].replaces]


def _executor() -> MigrationExecutor:
    """One that knows each step, as installations took them, instead of the short way of a new database."""
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    return executor


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _connect_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
