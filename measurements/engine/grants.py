"""Sharing an endpoint's slots out among pumps: one row a pump, changed only under a lock on the deployment's row.

A pump lowers itself at once, but gives back in its row only what its calls in flight leave free; it raises itself only out of what no row
holds. So live grants never sum above the limit, whichever pump comes, goes, freezes or dies, and a call costs nothing to be allowed.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from measurements.engine import circuit
from measurements.engine.circuit import Report, View
from measurements.engine.database import Connection
from measurements.engine.work import Work

# Locked against other pumps, but not against the foreign keys of rows that are added meanwhile.
_DEPLOYMENT = """
select max_concurrency, requests_per_minute, tokens_per_minute, timeout_seconds, provider, target, base_url, model, api_version, is_active
from deployment where id = %(deployment)s for no key update
"""
_EXPIRE = "delete from endpoint_grant where deployment_id = %(deployment)s and expires_at <= clock_timestamp()"
_ALL = """
select holder, run_id, judging_id, wanted, slots, extract(epoch from resumes_at - clock_timestamp())::float as resumes_in
from endpoint_grant where deployment_id = %(deployment)s order by id
"""
_INSERT = """
insert into endpoint_grant (deployment_id, run_id, judging_id, holder, wanted, slots, in_flight, resumes_at, expires_at)
values (%(deployment)s, %(run)s, %(judging)s, %(holder)s, %(wanted)s, %(slots)s, %(in_flight)s,
        clock_timestamp() + make_interval(secs => %(resumes_in)s::float), clock_timestamp() + make_interval(secs => %(life)s::float))
"""
_UPDATE = """
update endpoint_grant set wanted = %(wanted)s, slots = %(slots)s, in_flight = %(in_flight)s,
    resumes_at = clock_timestamp() + make_interval(secs => %(resumes_in)s::float), expires_at = clock_timestamp() + make_interval(secs => %(life)s::float)
where holder = %(holder)s
"""
_OTHER_HOLDER = """
select holder, expires_at, extract(epoch from expires_at - clock_timestamp())::float as left_seconds
from endpoint_grant where {of} and holder <> %(holder)s and expires_at > clock_timestamp() order by id limit 1
"""
_GIVE_BACK = "delete from endpoint_grant where holder = %(holder)s"
_GIVE_BACK_LATER = """
update endpoint_grant set wanted = 0, slots = 0, in_flight = 0, resumes_at = clock_timestamp() + make_interval(secs => %(waits)s::float),
    expires_at = clock_timestamp() + make_interval(secs => %(waits)s::float)
where holder = %(holder)s
"""


class Standing(Enum):
    """HELD: the grant is this pump's. LOST: it expired and must not be used again. TAKEN: another pump does this work. CHANGED: the endpoint
    isn't the planned one any more."""

    HELD = "held"
    LOST = "lost"
    TAKEN = "taken"
    CHANGED = "changed"


@dataclass(frozen=True)
class Need:
    """What a pump says of itself at a tick. `resumes_in`: seconds for which the endpoint asked not to be called, None for none."""

    wanted: int
    in_flight: int
    resumes_in: float | None
    life_seconds: float
    report: Report = field(default_factory=Report)


@dataclass(frozen=True)
class Allowance:
    """What a pump may do until its next tick. `share`: what is fair; `slots`: what it has; rates are a minute, None without limit."""

    standing: Standing
    slots: int = 0
    share: int = 0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    resumes_in: float = 0.0
    timeout_seconds: float = 0.0
    circuit: View = field(default_factory=View)


@dataclass
class Grant:
    """This pump's grant as it stands in its row; `is_held` after the first tick."""

    holder: uuid.UUID
    slots: int = 0
    is_held: bool = False


def fair_shares(limit: int, wanted: Sequence[int]) -> list[int]:
    """Max-min fair whole shares of `limit`: nobody gets more than wanted, and nobody less than another unless it wants less.

    What doesn't divide goes to those that come first.
    """
    shares = [0] * len(wanted)
    left, hungry = limit, list(range(len(wanted)))
    while hungry:
        each, rest = divmod(left, len(hungry))
        modest = [index for index in hungry if wanted[index] <= each]
        if not modest:
            for place, index in enumerate(hungry):
                shares[index] = each + (place < rest)
            break
        for index in modest:
            shares[index] = wanted[index]
            left -= wanted[index]
        hungry = [index for index in hungry if wanted[index] > each]
    return shares


async def other_holder(connection: Connection, work: Work, holder: uuid.UUID) -> Any:
    """Another live pump of the same work: `expires_at`, which moves as long as it renews, and `left_seconds`; None if there is none."""
    return await (await connection.execute(_OTHER_HOLDER.format(of=work.of), {**work.whose, "holder": holder})).fetchone()  # type: ignore[call-overload]


async def renew(connection: Connection, work: Work, grant: Grant, need: Need) -> Allowance:
    """Renew the grant within the caller's transaction, and say what it allows once that is committed."""
    where = {"deployment": work.deployment_id}
    (deployment,) = await (await connection.execute(_DEPLOYMENT, where)).fetchall()
    if not deployment.is_active or any(getattr(deployment, name) != value for name, value in work.endpoint.items()):
        return Allowance(Standing.CHANGED)
    await connection.execute(_EXPIRE, where)
    rows = await (await connection.execute(_ALL, where)).fetchall()
    mine = next((row for row in rows if row.holder == grant.holder), None)
    others = [row for row in rows if row.holder != grant.holder]
    if grant.is_held and mine is None:
        return Allowance(Standing.LOST)
    if mine is None and any((row.run_id, row.judging_id) == (work.run_id, work.judging_id) for row in others):
        return Allowance(Standing.TAKEN)
    wanted = [row.wanted if row is not mine else need.wanted for row in rows] + ([need.wanted] if mine is None else [])
    share = fair_shares(deployment.max_concurrency, wanted)[rows.index(mine) if mine else len(rows)]
    held = sum(row.slots for row in others)
    slots = _next_slots(grant.slots, share, free=deployment.max_concurrency - held - grant.slots)
    written = max(slots, need.in_flight)
    values = {"wanted": need.wanted, "slots": written, "in_flight": need.in_flight, "resumes_in": need.resumes_in, "life": need.life_seconds}
    await connection.execute(_UPDATE if mine else _INSERT, {**where, **work.whose, "holder": grant.holder, **values})
    part = slots / (held + slots) if slots else 0.0
    report = replace(need.report, may_probe=need.report.may_probe and slots > 0)
    holders = {row.holder for row in others}
    view = await circuit.settle(connection, work.deployment_id, grant.holder, report, others=holders, is_first=mine is None and not others)
    return Allowance(
        standing=Standing.HELD,
        slots=slots,
        share=share,
        requests_per_minute=_part_of(deployment.requests_per_minute, part),
        tokens_per_minute=_part_of(deployment.tokens_per_minute, part),
        resumes_in=max((row.resumes_in for row in others if row.resumes_in is not None), default=0.0),
        timeout_seconds=float(deployment.timeout_seconds),
        circuit=view,
    )


async def give_back(connection: Connection, grant: Grant, *, waits: float = 0.0) -> None:
    """Free the slots. For `waits` seconds, in which the endpoint asked not to be called, the row stays and tells whoever comes next."""
    await connection.execute(_GIVE_BACK_LATER if waits > 0 else _GIVE_BACK, {"holder": grant.holder, "waits": waits})


def _next_slots(present: int, share: int, *, free: int) -> int:
    """Down at once; up only by what is free."""
    return share if share <= present else present + max(0, min(share - present, free))


def _part_of(per_minute: int | None, part: float) -> float | None:
    return None if per_minute is None else per_minute * part
