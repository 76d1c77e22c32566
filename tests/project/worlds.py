"""Fixtures that build a world once for a module and undo, after each test, what it did. Test folders take them into their conftest."""

from __future__ import annotations

from collections.abc import Generator

import pytest
import pytest_django
from django.db import transaction

from tests.project import world as worlds
from tests.project.world import Words, World


@pytest.fixture(scope="module")
def words() -> Words:
    """What the texts of S1 say; modules override it."""
    return worlds.plainly


@pytest.fixture(scope="module")
def built_world(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker, words: Words) -> Generator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield worlds.build(words)
        transaction.set_rollback(True)


@pytest.fixture
def world(built_world: World, db: None) -> World:
    """The module's world; `db` undoes what the test does to it, inside the transaction that holds the world."""
    return built_world
