"""Lists that higher apps fill at start, so that lower ones can show what they do not import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Slugged(Protocol):
    @property
    def slug(self) -> str: ...


T = TypeVar("T", bound=Slugged)


class Registry(Generic[T]):
    """Entries of one type in the order of their registration; other types and repeated slugs are refused."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._entries: dict[str, T] = {}

    def register(self, entry: T) -> T:
        if not isinstance(entry, self._kind):
            raise TypeError(f"expected {self._kind.__name__}, got {type(entry).__name__}")
        if entry.slug in self._entries:
            raise ValueError(f"{self._kind.__name__} {entry.slug!r} is registered already")
        self._entries[entry.slug] = entry
        return entry

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries.values())

    def __getitem__(self, slug: str) -> T:
        return self._entries[slug]

    def get(self, slug: str) -> T | None:
        return self._entries.get(slug)

    def __len__(self) -> int:
        return len(self._entries)
