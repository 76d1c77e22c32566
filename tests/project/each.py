"""One test over many things, where a test of its own for each would cost more than what it does."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction

Test = Callable[..., None]


def for_each(name: str, things: Iterable[Any]) -> Callable[[Test], Test]:
    """Run the decorated check for each of `things`, given as its argument `name`; each begins with the same rows, and all that go wrong are named."""
    listed = list(things)

    def decorate(check: Test) -> Test:
        def test(**given: Any) -> None:
            wrong = []
            for thing in listed:
                try:
                    with transaction.atomic():
                        check(**given, **{name: thing})
                        transaction.set_rollback(True)
                except AssertionError as problem:
                    wrong.append(f"{getattr(thing, 'id', thing)}: {problem}")
            assert not wrong, "\n".join(wrong)

        signature = inspect.signature(check)
        kept = [parameter for parameter in signature.parameters.values() if parameter.name != name]
        test.__dict__.update(check.__dict__)  # marks
        test.__name__, test.__qualname__, test.__module__, test.__doc__ = check.__name__, check.__qualname__, check.__module__, check.__doc__
        test.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]  # by which pytest finds the fixtures
        return test

    return decorate
