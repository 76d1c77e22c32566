"""The circuit breaker of a deployment: one row that all its pumps share, for runs and judgings alike. No row: the endpoint works.

It is read and changed in the tick, under the lock on the deployment's row that the tick holds anyway, so a call costs nothing. One pump probes;
if it dies, its grant expires and another pump takes over. Closing is an action of its own, since it goes into the ledger.
"""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.conf import settings

from measurements.engine.database import Connection

LONGEST_PROBE_INTERVAL = 30  # times the first one, so half a minute
ERROR_LIMIT = 300  # characters, as the column

_READ = """
select opened_at, extract(epoch from clock_timestamp() - opened_at)::float as age, extract(epoch from probe_at - clock_timestamp())::float as probe_in,
       probes, prober, last_error
from endpoint_circuit where deployment_id = %(deployment)s
"""
_OPEN = """
insert into endpoint_circuit (deployment_id, opened_at, probe_at, probes, last_error, updated_at)
values (%(deployment)s, clock_timestamp(), clock_timestamp() + make_interval(secs => %(wait)s::float), 0, %(error)s, clock_timestamp())
"""
_PROBE = "update endpoint_circuit set prober = %(holder)s, probes = probes + 1, updated_at = clock_timestamp() where deployment_id = %(deployment)s"
_POSTPONE = """
update endpoint_circuit set prober = null, probe_at = clock_timestamp() + make_interval(secs => %(wait)s::float),
    last_error = coalesce(nullif(%(error)s, ''), last_error), updated_at = clock_timestamp()
where deployment_id = %(deployment)s
"""


class Step(Enum):
    """What a tick makes of the circuit. PROBE: this pump becomes the prober. POSTPONE: its probe failed, or its work stopped before. CLOSE: the
    endpoint has answered, or what the row says is too old to hold."""

    NOTHING = "nothing"
    OPEN = "open"
    PROBE = "probe"
    POSTPONE = "postpone"
    CLOSE = "close"


@dataclass(frozen=True)
class Row:
    """The circuit as it stands. `age` and `probe_in` are seconds, the latter negative when the next probe is due."""

    opened_at: datetime.datetime
    age: float
    probe_in: float
    probes: int
    prober: uuid.UUID | None
    last_error: str


@dataclass(frozen=True)
class Report:
    """What a pump says of its calls. `answered_at`: monotonic moment of the last answer; `may_probe`: it has calls to make."""

    has_tripped: bool = False
    answered_at: float | None = None
    is_probing: bool = False
    probe_failed: bool = False
    may_probe: bool = False
    last_error: str = ""


@dataclass(frozen=True)
class View:
    """What the pump has to heed. `closing` is the moment at which a circuit opened that this pump has to close now."""

    is_open: bool = False
    age: float = 0.0
    probes: int = 0
    may_probe: bool = False
    last_error: str = ""
    closing: datetime.datetime | None = None
    has_answered: bool = False  # with `closing`: the endpoint works again; else the row was merely too old


def decide(row: Row | None, report: Report, holder: uuid.UUID, others: Collection[uuid.UUID], *, answered_ago: float | None, is_first: bool) -> Step:
    """The next step, pure. `others` hold live grants; `is_first`: nobody has been watching this endpoint until now."""
    if row is None:
        return Step.OPEN if report.has_tripped else Step.NOTHING
    if (answered_ago is not None and answered_ago < row.age) or (is_first and row.age >= settings.ENGINE_DOWN_SECONDS):
        return Step.CLOSE
    if row.prober == holder:
        is_at_it = report.is_probing or report.may_probe
        return Step.POSTPONE if report.probe_failed or not is_at_it else Step.NOTHING
    if row.prober in others or row.probe_in > 0 or not report.may_probe:
        return Step.NOTHING
    return Step.PROBE


def probe_interval(probes: int) -> float:
    """Seconds until the next probe after so many: doubled each time, up to the longest."""
    first = float(settings.ENGINE_PROBE_SECONDS)
    return first * min(LONGEST_PROBE_INTERVAL, 2 ** min(probes, 10))


async def settle(connection: Connection, deployment_id: int, holder: uuid.UUID, report: Report, *, others: Collection[uuid.UUID], is_first: bool) -> View:
    """Read the circuit and take one step. The caller holds the deployment's row."""
    values: dict[str, Any] = {"deployment": deployment_id, "holder": holder, "error": report.last_error[:ERROR_LIMIT]}
    found = await (await connection.execute(_READ, values)).fetchone()
    row = Row(*found) if found else None
    answered_ago = None if report.answered_at is None else time.monotonic() - report.answered_at
    step = decide(row, report, holder, others, answered_ago=answered_ago, is_first=is_first)
    if step is Step.OPEN:
        await connection.execute(_OPEN, {**values, "wait": probe_interval(0)})
        return View(is_open=True, last_error=report.last_error)
    if row is None:
        return View()
    if step is Step.CLOSE:
        return View(closing=row.opened_at, has_answered=answered_ago is not None and answered_ago < row.age, age=row.age, probes=row.probes)
    if step is Step.PROBE:
        await connection.execute(_PROBE, values)
    elif step is Step.POSTPONE:
        await connection.execute(_POSTPONE, {**values, "wait": probe_interval(row.probes)})
    may_probe = step is Step.PROBE or (row.prober == holder and step is Step.NOTHING and not report.is_probing)
    return View(is_open=True, age=row.age, probes=row.probes, may_probe=may_probe, last_error=row.last_error)
