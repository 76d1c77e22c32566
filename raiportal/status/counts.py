"""Figures by state or outcome that apps offer to Prometheus beside those of the status page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from raiportal.registry import Registry


@dataclass(frozen=True)
class Count:
    """One figure with one label whose values come from a list in the code. `only_grows` tells a counter from a gauge."""

    slug: str
    words: str
    label: str
    values: Mapping[str, float]
    only_grows: bool = False


@dataclass(frozen=True)
class CountSource:
    """What one app counts; a fixed number of queries."""

    slug: str
    read: Callable[[], Sequence[Count]]


counts: Registry[CountSource] = Registry(CountSource)
