"""What else has to go when a person is erased: packages further up register how they take out what that person left with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from raiportal.accounts.models import User
from raiportal.registry import Registry


@dataclass(frozen=True)
class PersonalData:
    """One place that holds what a person said of themselves or to others.

    `forget` takes the person, still with name and user name, and the administrator who erases; it runs in the erasure's transaction.
    """

    slug: str
    forget: Callable[[User, User], None]


personal_data: Registry[PersonalData] = Registry(PersonalData)
