"""Sealing: the entries up to now get a signed segment, once every transaction that may still add one of them is over.

Writers take no lock for this and never wait. Each takes its transaction's number before its entry's (see the default of audit_entry.id), and holds
PostgreSQL's own lock on that number until its end. So the sealer reads how far the entries are numbered, then which transactions are in flight, and
waits until these are over: every entry up to that number is then there, or never will be.
"""

from __future__ import annotations

import hashlib
import time

import structlog
from django.conf import settings
from django.db import connection, transaction

from raiportal import clocks
from raiportal.audit import checkpoints, keys
from raiportal.audit.models import Entry, Segment
from raiportal.audit.standalone import verify_ledger
from raiportal.audit.written import segment_columns

log = structlog.get_logger(__name__)

SEALERS_LOCK = 0x6C656467  # "ledg": an advisory lock that sealers alone take
MOST_ENTRIES = 10_000  # of one segment, so that a broken one tells where to look
WAIT_SECONDS = 20.0  # for transactions in flight; after that the next sealing tries
POLL_SECONDS = 0.02
_NUMBERED = "select case when is_called then last_value else last_value - 1 end from audit_entry_number"
# A transaction with a number holds this lock; a prepared one has no process, and may be of any database.
_IN_FLIGHT = """
select l.transactionid::text from pg_locks l left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted and l.pid is distinct from pg_backend_pid()
    and (a.datname = current_database() or l.pid is null)
"""


def seal(*, wait_seconds: float = WAIT_SECONDS) -> list[Segment]:
    """Seal everything that is settled; [] when there is nothing, transactions take longer than `wait_seconds`, or somebody else seals now.

    Also writes the checkpoints that are missing outside the database.
    """
    settled = settled_id(wait_seconds=wait_seconds)
    if settled is None:
        log.warning("ledger_sealing_delayed", waited_seconds=wait_seconds)
        return []
    made = _seal_up_to(settled)
    for segment in made:
        log.info("ledger_sealed", number=segment.number, count=segment.count, digest=segment.digest, key_id=segment.key_id, signature=segment.signature)
    _write_checkpoints()
    return made


def settled_id(*, wait_seconds: float) -> int | None:
    """The number up to which no entry can be added any more; None when transactions in flight don't end in time."""
    numbered = _row(_NUMBERED)[0]
    in_flight = _in_flight()
    until = time.monotonic() + wait_seconds
    while in_flight:
        if time.monotonic() >= until:
            return None
        time.sleep(POLL_SECONDS)
        in_flight &= _in_flight()
    return int(numbered)


@transaction.atomic
def _seal_up_to(settled: int) -> list[Segment]:
    if not _row("select pg_try_advisory_xact_lock(%s)", SEALERS_LOCK)[0]:
        return []
    made = []
    last = Segment.objects.order_by("-number").first()
    while segment := _next_segment(last, settled):
        segment.save(force_insert=True)
        made.append(segment)
        last = segment
    return made


def _next_segment(last: Segment | None, settled: int) -> Segment | None:
    begin = last.last_id if last else 0
    found = list(Entry.objects.filter(pk__gt=begin, pk__lte=settled).order_by("pk").values_list("pk", "digest")[:MOST_ENTRIES])
    if not found:
        return None
    signer = keys.signer()
    segment = Segment(
        number=last.number + 1 if last else 1,
        first_id=begin + 1,
        last_id=found[-1][0] if len(found) == MOST_ENTRIES else settled,
        count=len(found),
        entries_digest=hashlib.sha256("".join(f"{pk} {digest}\n" for pk, digest in found).encode()).hexdigest(),
        previous_digest=last.digest if last else verify_ledger.GENESIS,
        sealed_at=clocks.now(),
        key_id=signer.id,
    )
    text = verify_ledger.segment_text(segment_columns(segment))
    segment.digest = verify_ledger.sha256(text)
    segment.signature = signer.sign(text)
    return segment


def _write_checkpoints() -> None:
    """A disk that is full or a folder that is closed must not keep the ledger from being sealed; the next sealing writes what is missing."""
    try:
        checkpoints.append(settings.CHECKPOINTS)
    except OSError as problem:
        log.error("checkpoints_not_written", problem=problem.strerror, path=str(settings.CHECKPOINTS))


def _in_flight() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_IN_FLIGHT)
        return {number for (number,) in cursor.fetchall()}


def _row(statement: str, *arguments: int) -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchone()  # type: ignore[no-any-return]
