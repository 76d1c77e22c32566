"""The kernel's own probes: workers, broker, database, ledger, disk, release."""

from __future__ import annotations

import datetime
import platform
import shutil
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection

from raiportal.audit import selectors as audit_selectors
from raiportal.look import formats
from raiportal.status.actions import BEAT, WORKER
from raiportal.status.models import Heartbeat
from raiportal.status.readings import Level, Probe, Reading, bounded
from raiportal.status.selectors import HEARTBEATS_MISSED, pending_migrations
from raiportal.version import VERSION

BROKER_SECONDS = 1.0  # to answer within; the page waits for it
OVERDUE_AFTER = datetime.timedelta(days=2)  # since the last look at the whole ledger
MOST_QUEUED = 1000  # messages; each is small and any of them can be found again
LEAST_FREE_BYTES = 1_000_000_000
MOST_CONNECTIONS_RATE = 0.9
BYTES_PER_MEGABYTE = 1_000_000
BYTES_PER_GIGABYTE = 1_000_000_000
# pg_stat_activity hides the kind of other roles' connections from the application's role, so it would count its own alone.
_DATABASE = """
select pg_database_size(current_database()), (select sum(numbackends)::int from pg_stat_database),
       current_setting('max_connections')::int, current_setting('server_version')
"""


def workers(now: datetime.datetime) -> Sequence[Reading]:
    """When a worker last did a task, and when beat last queued one."""
    limit = HEARTBEATS_MISSED * settings.HEARTBEAT_SECONDS
    at = dict(Heartbeat.objects.values_list("name", "at"))
    remedies = {
        WORKER: "No worker does its tasks: start one, or look into its log. Runs wait and go on by themselves.",
        BEAT: "Beat stands still, so nothing due is started: start it, or look into its log.",
    }
    titles = {WORKER: "Last task done by a worker", BEAT: "Last tick of beat"}
    ages = {name: (now - at[name]).total_seconds() if name in at else None for name in titles}
    return [
        bounded(f"{name}_age", titles[name], age, _ago(age), most=limit, bound=f"at most {limit:.0f} s", remedy=remedies[name], level=Level.BROKEN)
        for name, age in ages.items()
    ]


def broker(now: datetime.datetime) -> Sequence[Reading]:
    """Whether the broker answers and takes messages, and how many wait in it."""
    from kombu import Connection
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError

    remedy = "Pages work and nothing is lost; workers get nothing to do until it is back. See that the broker runs and that RAIPORTAL_BROKER_URL is right."
    options = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS, "socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS}
    try:
        with Connection(settings.BROKER_URL, transport_options=options, connect_timeout=BROKER_SECONDS) as found:
            client: Any = found.default_channel.client  # type: ignore[attr-defined]  # of the transport for Redis
            waiting = sum(int(client.llen(f"{options['global_keyprefix']}{name}")) for name in settings.CELERY_TASK_QUEUES)
            memory = client.info("memory")
    except (OperationalError, RedisError, OSError) as problem:
        return [Reading("broker", "Broker", f"doesn't answer ({type(problem).__name__})", 0, "", "answers", Level.DEGRADED, remedy)]
    return [
        Reading("broker", "Broker", "answers", 1, "", "answers"),
        bounded("broker_queue", "Messages waiting in the broker", waiting, formats.number(waiting), most=MOST_QUEUED, unit="messages",
                bound=f"at most {formats.number(MOST_QUEUED)}", remedy="Workers or runners don't keep up: add one, or see why they stand still."),
        _broker_memory(memory),
    ]  # fmt: skip


def _broker_memory(memory: dict[str, int]) -> Reading:
    """Memory of a broker that must not drop messages: when it is full it refuses new ones."""
    used, most = int(memory.get("used_memory", 0)), int(memory.get("maxmemory", 0))
    value = f"{used / BYTES_PER_MEGABYTE:.0f} MB" + (f" of {most / BYTES_PER_MEGABYTE:.0f} MB" if most else "")
    is_full = bool(most) and used >= most
    remedy = "The broker is full and takes no message: raise its maxmemory. Pages work, and what waits is found again." if is_full else ""
    return Reading("broker_memory", "Memory of the broker", value, used, "bytes", "below its limit", Level.DEGRADED if is_full else Level.WELL, remedy)


def database(now: datetime.datetime) -> Sequence[Reading]:
    """Size, connections and migrations."""
    with connection.cursor() as cursor:
        cursor.execute(_DATABASE)
        size, used, most, version = cursor.fetchone()
    pending = pending_migrations()
    return [
        Reading("database_version", "PostgreSQL", version),
        Reading("database_size", "Size of the database", f"{size / BYTES_PER_MEGABYTE:.0f} MB", size, "bytes"),
        bounded("database_connections", "Connections", used, f"{used} of {most}", most=most * MOST_CONNECTIONS_RATE, unit="connections",
                bound=f"at most {MOST_CONNECTIONS_RATE:.0%} of those allowed", remedy="Start fewer processes, or raise max_connections of PostgreSQL."),
        Reading("migrations", "Migrations", "pending" if pending else "all applied", int(pending), "", "all applied", Level.BROKEN if pending else Level.WELL,
                "Run manage.py prepare_database as the owner of the tables." if pending else ""),
    ]  # fmt: skip


def ledger(now: datetime.datetime) -> Sequence[Reading]:
    """Entries that no segment seals yet, and the last verification."""
    found = audit_selectors.sealing_status()
    age = found.oldest_unsealed_age_seconds or 0.0
    return [
        bounded(
            "ledger_unsealed_age",
            "Oldest entry without a seal",
            age,
            _ago(age) if found.entries_unsealed else "none",
            most=audit_selectors.SEALED_WITHIN_SECONDS,
            bound=f"at most {audit_selectors.SEALED_WITHIN_SECONDS / 60:.0f} min",
            remedy="Sealing stands still: see that beat and a worker run, and that RAIPORTAL_LEDGER_KEY is set.",
        ),
        Reading("ledger_unsealed", "Entries without a seal", formats.number(found.entries_unsealed), found.entries_unsealed, "entries"),
        _verification(found, now),
    ]


def _verification(found: audit_selectors.SealingStatus, now: datetime.datetime) -> Reading:
    """What the last check of the whole ledger said; until there is one, nobody knows whether the ledger is whole."""
    if found.last_verify_ok is None or found.last_verified_at is None:
        remedy = "A worker verifies the ledger when beat starts, and every day: see that both run. By hand: manage.py audit_verify."
        return Reading("ledger_verified", "Last verification", "never", bound="every day", level=Level.DEGRADED, remedy=remedy)
    when = formats.exact(found.last_verified_at)
    if found.last_verify_ok and now - found.last_verified_at > OVERDUE_AFTER:
        remedy = "No worker has verified the ledger for two days: see that beat and a worker run. By hand: manage.py audit_verify."
        return Reading("ledger_verified", "Last verification", f"well, but old: {when}", 1, bound="every day", level=Level.DEGRADED, remedy=remedy)
    if found.last_verify_ok:
        return Reading("ledger_verified", "Last verification", f"well, {when}", 1, bound="every day")
    remedy = "Run manage.py audit_verify and read what it says: somebody changed the ledger."
    return Reading("ledger_verified", "Last verification", f"broken, {when}", 0, level=Level.BROKEN, remedy=remedy)


def disk(now: datetime.datetime) -> Sequence[Reading]:
    """Room in the data folder."""
    usage = shutil.disk_usage(settings.DATA_DIR if settings.DATA_DIR.exists() else settings.BASE_DIR)
    is_well = usage.free >= LEAST_FREE_BYTES
    remedy = "" if is_well else "Free room on the disk of the data folder, or give it more."
    value = f"{usage.free / BYTES_PER_GIGABYTE:,.1f} GB of {usage.total / BYTES_PER_GIGABYTE:,.1f} GB"
    bound = f"at least {LEAST_FREE_BYTES / BYTES_PER_GIGABYTE:,.0f} GB"
    return [Reading("disk_free", "Free in the data folder", value, usage.free, "bytes", bound, Level.WELL if is_well else Level.BROKEN, remedy)]


def release(now: datetime.datetime) -> Sequence[Reading]:
    return [Reading("version", "raiportal", VERSION), Reading("python", "Python", platform.python_version())]


def _ago(seconds: float | None) -> str:
    return "never" if seconds is None else f"{formats.duration(seconds)} ago"


PROBES: Sequence[Probe] = (
    Probe("workers", "Workers", workers, 10),
    Probe("broker", "Broker", broker, 30),
    Probe("database", "Database", database, 40),
    Probe("ledger", "Ledger", ledger, 60),
    Probe("disk", "Disk", disk, 70),
    Probe("release", "Release", release, 90),
)
