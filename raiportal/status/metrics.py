"""What Prometheus reads: the requests of all web processes, and the figures of the status page.

Labels are names from our own lists (view, method, state, outcome): never an id, and never a path that holds one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from raiportal.status import readings
from raiportal.status.counts import Count, counts
from raiportal.status.processes import FOLDER_VARIABLE
from raiportal.status.readings import Level

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "raiportal"


class PortalCollector(Collector):
    """The portal's own figures, read from the database when they are asked for."""

    def collect(self) -> Iterable[Metric]:
        yield from _of_status(readings.status())
        for source in counts:
            yield from (_family(count) for count in source.read())


def exposition() -> bytes:
    """Everything, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(PortalCollector())
    if FOLDER_VARIABLE in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY) + generate_latest(registry)


def _of_status(status: readings.Status) -> Iterator[Metric]:
    levels = GaugeMetricFamily(f"{PREFIX}_status", "0 well, 1 degraded, 2 broken; for each line of the status page.", labels=["reading"])
    for reading in status.readings:
        levels.add_metric([reading.slug], float(list(Level).index(reading.level)))
        if reading.figure is not None:
            unit = {"s": "_seconds", "bytes": "_bytes"}.get(reading.unit, "")
            yield GaugeMetricFamily(f"{PREFIX}_{reading.slug}{unit}", f"{reading.title}.", value=float(reading.figure))
    yield levels


def _family(count: Count) -> Metric:
    kind = CounterMetricFamily if count.only_grows else GaugeMetricFamily
    family = kind(f"{PREFIX}_{count.slug}", count.words, labels=[count.label])
    for name, value in count.values.items():
        family.add_metric([name], float(value))
    return family
