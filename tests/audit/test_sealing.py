"""Seals: every settled entry once, nothing that may still change, and nobody waits for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from pytest_django import Settings

from raiportal.audit import keys, selectors, tasks, verify
from raiportal.audit.actions import sealing
from raiportal.audit.models import Entry, Segment
from tests.audit import ledgers
from tests.audit.conftest import PASSWORD, connect

WRITERS = 200
PATIENCE_SECONDS = 120


def _lines() -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(django_settings.CHECKPOINTS).read_text().splitlines()]


@pytest.mark.django_db
def test_segments_tile_the_ledger_and_are_chained() -> None:
    first, second = ledgers.sealed(3, 2)

    assert (second.number, second.first_id, second.previous_digest) == (first.number + 1, first.last_id + 1, first.digest)
    assert second.count == 2
    assert verify.verify().unsealed == 0
    assert sealing.seal() == []


@pytest.mark.django_db
def test_a_long_ledger_gets_several_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    ledgers.sealed(1)
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 4)
    ledgers.write(10)

    assert [segment.count for segment in sealing.seal()] == [4, 4, 2]
    assert verify.verify().problems == []


@pytest.mark.django_db
def test_each_seal_is_told_outside_the_database_and_what_is_missing_there_is_added() -> None:
    file = Path(django_settings.CHECKPOINTS)
    ledgers.sealed(1, 1)
    kept = file.read_text()
    file.write_text(kept.splitlines()[0] + '\n{"segment": 2, "dig')  # a full disk cut it

    ledgers.sealed(1)

    told = [line for line in file.read_text().splitlines() if line.endswith("}")]
    assert [json.loads(line)["segment"] for line in told] == [1, 2, 3]
    assert [json.loads(line)["digest"] for line in told] == list(Segment.objects.order_by("number").values_list("digest", flat=True))


@pytest.mark.django_db
def test_a_place_that_takes_no_checkpoints_keeps_nothing_from_being_sealed(settings: Settings, tmp_path: Path) -> None:
    settings.CHECKPOINTS = tmp_path / "file" / "checkpoints.jsonl"
    (tmp_path / "file").write_text("")

    ledgers.sealed(1)

    settings.CHECKPOINTS = tmp_path / "checkpoints.jsonl"
    ledgers.sealed(1)
    assert len(_lines()) == 2


@pytest.mark.django_db
def test_a_new_key_signs_and_the_older_still_verifies(settings: Settings) -> None:
    (first,) = ledgers.sealed(1)
    older = settings.LEDGER_KEYS[0]
    newer = "bmV3ZXIgc2VlZCBvZiB0aGUgdGVzdHMnIGxlZGdlciE="
    settings.LEDGER_KEYS = [newer, older]
    (second,) = ledgers.sealed(1)

    assert first.key_id != second.key_id == keys.signer().id
    assert verify.verify().ok
    settings.LEDGER_KEYS = [newer]
    assert f"isn't trusted here ({first.key_id})" in verify.verify().problems[0]


@pytest.mark.django_db(transaction=True)
def test_what_is_in_flight_is_waited_for_and_holds_up_no_writer() -> None:
    with connect("raiportal", PASSWORD) as other:
        other.execute("begin")
        other.execute("select audit_next_entry_id()")  # has a number and wrote nothing yet
        ledgers.write(2)

        assert sealing.seal(wait_seconds=0.2) == []

        ledgers.write()  # nobody who writes waits for the sealer or for the other writer
        status = selectors.sealing_status()
        assert (status.entries_unsealed, status.last_segment) == (Entry.objects.count(), None)
        assert status.oldest_unsealed_age_seconds is not None
        other.execute("commit")

    tasks.seal_ledger(unknown_argument=True)
    status = selectors.sealing_status()
    assert (status.entries_unsealed, status.last_segment, status.is_late) == (0, 1, False)


@pytest.mark.django_db(transaction=True)
def test_of_two_sealers_one_wins() -> None:
    ledgers.write(2)
    with connect("raiportal", PASSWORD) as other, other.transaction():
        other.execute("select pg_advisory_xact_lock(%s)", [sealing.SEALERS_LOCK])

        assert sealing.seal() == []

    assert ledgers.seal().number == 1


@pytest.mark.django_db(transaction=True)
def test_200_concurrent_writers_lose_nothing_while_sealing_goes_on() -> None:
    """All of them hold their entries uncommitted at one moment: with any lock that writers share, this moment would never come."""
    system = ledgers.system()
    everybody_wrote, done = threading.Barrier(WRITERS), threading.Event()
    before = Entry.objects.count()

    def write(number: int) -> None:
        try:
            with transaction.atomic():
                ledgers.note(system, number)
                everybody_wrote.wait(PATIENCE_SECONDS)
                transaction.set_rollback(number % 10 == 0)
        finally:
            connection.close()

    def keep_sealing() -> None:
        while not done.is_set():
            sealing.seal(wait_seconds=1)
        connection.close()

    sealer = threading.Thread(target=keep_sealing)
    sealer.start()
    _together(write)
    done.set()
    sealer.join(PATIENCE_SECONDS)
    sealing.seal()

    written = Entry.objects.filter(action="accounts.noted").values_list("payload__body__details__number", flat=True)
    assert sorted(written) == [number for number in range(WRITERS) if number % 10]
    report = verify.verify()
    assert (report.problems, report.unsealed, report.entries) == ([], 0, before + WRITERS * 9 // 10)


def _together(work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        for result in [pool.submit(work, number) for number in range(WRITERS)]:
            result.result(PATIENCE_SECONDS)


@pytest.mark.django_db(transaction=True)
def test_writers_that_end_late_are_never_sealed_over() -> None:
    """Entries of transactions that began before others and end after them, sealed at every step."""
    system_id = ledgers.system().pk
    connections: list[psycopg.Connection] = [connect("raiportal", PASSWORD) for _ in range(4)]
    insert = (
        "insert into audit_entry (at, actor_id, action, subject_kind, subject_label, request_id, payload_digest, digest) "
        "values (now(), %s, 'x', 'x', '', '', repeat('0', 64), '')"
    )
    for other in connections:
        other.execute("begin")
        other.execute(insert, [system_id])
    for other in [connections[2], connections[0], connections[3], connections[1]]:
        other.execute("commit")
        other.close()
        sealing.seal(wait_seconds=0.05)

    sealed = sum(Segment.objects.values_list("count", flat=True))
    assert sealed == Entry.objects.count()
    assert not any("added" in problem or "removed" in problem for problem in verify.verify().problems)
