"""The scene of a sign-off, with its kind in force."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from tests.factories.accounts import make_user
from tests.signoffs.kind import registered
from tests.signoffs.scene import Scene


@pytest.fixture
def scene() -> Iterator[Scene]:
    with registered():
        yield Scene()


@pytest.fixture
def helper(scene: Scene) -> User:
    return make_user(Role.VIEWER, scope=scene.system.scope, name="Hanna Helper")
