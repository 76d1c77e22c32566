"""Attaching, removing, relying on evidence."""

from __future__ import annotations

import datetime
import errno
import hashlib
import os
import threading
import time
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction

from harms.models import Harm
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Conflict, Invalid, NoRoom, PolicyDenied, Unavailable
from raiportal.evidence import actions, selectors, storage
from raiportal.evidence.errors import ReliedOn
from raiportal.evidence.models import Evidence, EvidenceUse, StoredFile
from raiportal.integrity import evidence_invariants
from tests.factories.accounts import make_user
from tests.factories.evidence import TEXT, make_file, upload
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def harm() -> Harm:
    return make_harm(make_system())


@pytest.fixture
def owner(harm: Harm) -> User:
    found: User = harm.system.owner
    return found


def _on_disk() -> set[str]:
    return set(storage.stored_paths())


def _problems() -> list[str]:
    return [sentence for invariant in evidence_invariants.EVIDENCE for sentence in invariant.check()]


def test_file_is_kept_under_its_digest(harm: Harm, owner: User) -> None:
    row = make_file(harm, actor=owner, name="Pilot report.txt", note="Twelve wards.")

    assert row.file is not None
    assert (row.title, row.file_name, row.media_type, row.scope_id) == ("Pilot report.txt", "Pilot report.txt", "text/plain", harm.system_id)
    assert row.file.sha256 == hashlib.sha256(TEXT).hexdigest()
    place = storage.place_of(row.file.path)
    assert place.read_bytes() == TEXT
    assert place.is_relative_to(settings.EVIDENCE_FILES)
    assert place.stat().st_mode & 0o077 == 0
    entry = Entry.objects.get(action="evidence.evidence_added")
    assert (entry.subject_kind, entry.subject_id) == ("harms.harm", harm.pk)
    assert _problems() == []


def test_same_content_is_kept_once_for_a_system_and_apart_from_others(harm: Harm, owner: User) -> None:
    first, second = make_file(harm, actor=owner), make_file(harm.system, actor=owner, name="again.txt")
    elsewhere = make_harm(make_system())
    third = make_file(elsewhere, actor=elsewhere.system.owner)

    assert first.file_id == second.file_id != third.file_id


@pytest.mark.parametrize(
    "name", ["../../../etc/cron.d/x.txt", "..\\..\\x.txt", "x.html\x00.txt", "a" * 300 + ".txt", "x\u202etxt.exe.txt", "a\r\nX-Header: 1.txt", "/abs.txt"]
)
def test_sec_26_no_name_leaves_the_store(harm: Harm, owner: User, name: str) -> None:
    before = _on_disk()

    row = make_file(harm, actor=owner, name=name, content=name.encode("utf-8").replace(b"\x00", b""))

    assert row.file is not None
    assert _on_disk() - before == {row.file.path}
    assert row.file.path == f"{harm.system_id}/{row.file.sha256[:2]}/{row.file.sha256}"
    assert "/" not in row.file_name
    assert "\\" not in row.file_name
    assert row.file_name.isprintable()
    assert len(row.file_name) <= 200


@pytest.mark.parametrize(("content", "code"), [(b"", "invalid"), (b"<html>", "type_refused"), (b"x" * 101, "too_large")])
def test_refused_file_leaves_nothing(harm: Harm, owner: User, settings: Any, content: bytes, code: str) -> None:
    settings.EVIDENCE_MAX_BYTES = 100
    before = _on_disk()

    with pytest.raises(Invalid) as refusal:
        make_file(harm, actor=owner, content=content)

    assert (refusal.value.field, refusal.value.code) == ("file", code)
    assert (_on_disk(), Evidence.objects.count(), StoredFile.objects.count()) == (before, 0, 0)


def test_cap_is_the_last_byte_that_fits(harm: Harm, owner: User, settings: Any) -> None:
    settings.EVIDENCE_MAX_BYTES = 100

    assert make_file(harm, actor=owner, content=b"x" * 100).pk


@pytest.mark.parametrize(("number", "refusal"), [(errno.ENOSPC, NoRoom), (errno.EDQUOT, NoRoom), (errno.EACCES, Unavailable)])
def test_rel_32_full_disk_refuses_and_leaves_nothing_half(
    harm: Harm, owner: User, monkeypatch: pytest.MonkeyPatch, number: int, refusal: type[Unavailable]
) -> None:
    before = _on_disk()

    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr("raiportal.evidence.storage.os.fsync", full)
        with pytest.raises(refusal):
            make_file(harm, actor=owner, content=b"fills the disk")
    assert (_on_disk(), Evidence.objects.count(), StoredFile.objects.count()) == (before, 0, 0)

    assert make_file(harm, actor=owner, content=b"fills the disk").pk
    assert _problems() == []


def test_link_and_object_are_kept_as_such(harm: Harm, owner: User) -> None:
    link = actions.add_link(subject=harm, url=" https://wiki/pilot?x=1#top ", title="Pilot", actor=owner)
    live = actions.add_object(subject=harm, object_kind="systems.aisystem", object_id=harm.system_id, actor=owner)

    assert (link.url, link.title) == ("https://wiki/pilot?x=1#top", "Pilot")
    assert (live.object_id, live.title) == (harm.system_id, harm.system.name)
    assert [row["is"] for row in selectors.digests(harm)] == [link.url, f"systems.aisystem:{harm.system_id}"]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "ftp://x/y", "//x/y", "https://", "https://a b/", "file:///etc/passwd", "", "https://[x/", "\u202ehttps://x"],
)
def test_link_that_is_no_page_is_refused(harm: Harm, owner: User, url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.add_link(subject=harm, url=url, actor=owner)

    assert refusal.value.field == "url"


def test_link_with_a_password_is_refused(harm: Harm, owner: User) -> None:
    with pytest.raises(Invalid, match="password"):
        actions.add_link(subject=harm, url="https://ada:secret@example.org/", actor=owner)


def test_sec_08_object_of_another_system_is_refused_as_one_that_is_not_there(harm: Harm) -> None:
    elsewhere = make_harm(make_system())
    both = make_user(Role.RISK_MANAGER)

    refusals = []
    for actor, pk in ((harm.system.owner, elsewhere.pk), (harm.system.owner, 999_999), (both, elsewhere.pk)):
        with pytest.raises(Invalid) as refusal:
            actions.add_object(subject=harm, object_kind="harms.harm", object_id=pk, actor=actor)
        refusals.append((refusal.value.field, refusal.value.detail))

    assert len(set(refusals)) == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER, Role.LABELLER])
def test_only_who_acts_in_the_system_adds_and_removes(harm: Harm, owner: User, role: Role) -> None:
    other = make_user(role, scope=harm.system.scope)
    row = make_file(harm, actor=owner)

    with pytest.raises(PolicyDenied):
        make_file(harm, actor=other)
    with pytest.raises(PolicyDenied):
        actions.remove(evidence_id=row.pk, reason="Wrong.", actor=other)


def test_kind_that_nobody_registered_takes_no_evidence(harm: Harm, owner: User) -> None:
    with pytest.raises(PolicyDenied):
        actions.add_link(subject=owner, url="https://example.org/", actor=owner)


def test_removed_evidence_leaves_the_snapshot_and_stays_known(harm: Harm, owner: User) -> None:
    row = make_file(harm, actor=owner)

    actions.remove(evidence_id=row.pk, reason=" Of another pilot. ", actor=owner)

    assert (selectors.of(harm), selectors.digests(harm)) == ([], [])
    assert Evidence.objects.get(pk=row.pk).removed_reason == "Of another pilot."
    with pytest.raises(Conflict):
        actions.remove(evidence_id=row.pk, reason="Again.", actor=owner)
    with pytest.raises(Conflict):
        actions.use([row.pk], by=harm)


def test_what_was_relied_on_stays(harm: Harm, owner: User) -> None:
    row = make_file(harm, actor=owner)

    actions.use([row.pk, row.pk], by=harm)
    actions.use([row.pk], by=harm)

    assert EvidenceUse.objects.count() == 1
    assert [found.is_used for found in selectors.of(harm)] == [True]  # type: ignore[attr-defined]
    with pytest.raises(ReliedOn):
        actions.remove(evidence_id=row.pk, reason="Wrong.", actor=owner)


@pytest.mark.parametrize(
    "statement",
    [
        "update evidence set title = 'other'",
        "delete from evidence",
        "update evidence_file set sha256 = repeat('0', 64)",
        "delete from evidence_file",
        "update evidence_use set used_by_id = 1",
        "delete from evidence_use",
        "update evidence set removed_at = now(), removed_by_id = added_by_id, removed_reason = 'x'",
    ],
)
def test_database_itself_keeps_what_was_relied_on(harm: Harm, owner: User, statement: str) -> None:
    actions.use([make_file(harm, actor=owner).pk], by=harm)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_content_goes_a_day_after_its_last_evidence(harm: Harm, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make_file(harm, actor=owner), make_file(harm, actor=owner, name="again.txt")
    assert first.file is not None
    place = storage.place_of(first.file.path)
    real = clocks.now

    def dropped_after(days: float) -> int:
        monkeypatch.setattr(clocks, "now", lambda: real() + datetime.timedelta(days=days))
        count = actions.drop_unneeded_files(actor=User.system())
        monkeypatch.setattr(clocks, "now", real)
        return count

    actions.remove(evidence_id=first.pk, reason="Wrong.", actor=owner)
    assert (dropped_after(2), place.exists()) == (0, True)

    actions.remove(evidence_id=second.pk, reason="Wrong.", actor=owner)
    assert (dropped_after(0.9), place.exists()) == (0, True)
    assert (dropped_after(1.1), place.exists()) == (1, False)
    assert dropped_after(1.1) == 0
    assert _problems() == []

    again = make_file(harm, actor=owner)
    assert again.file_id == first.file_id
    assert (place.exists(), StoredFile.objects.get(pk=first.file_id).deleted_at) == (True, None)


def test_leftover_of_a_failed_upload_goes_after_an_hour(harm: Harm, owner: User) -> None:
    kept = make_file(harm, actor=owner)
    assert kept.file is not None
    digest = hashlib.sha256(b"left over").hexdigest()
    left_over, stranger = storage.place_of(f"{harm.system_id}/{digest[:2]}/{digest}"), storage.place_of("x.part")
    for place in (left_over, stranger):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"left over")
    actions.drop_unneeded_files(actor=User.system())
    assert left_over.exists()
    for place in (left_over, stranger, storage.place_of(kept.file.path)):
        os.utime(place, (time.time() - 2 * 86_400,) * 2)
    assert len(_problems()) == 2

    actions.drop_unneeded_files(actor=User.system())

    assert not left_over.exists()
    assert not stranger.exists()
    assert storage.place_of(kept.file.path).exists()
    assert _problems() == []


def test_only_the_portal_drops_files(owner: User) -> None:
    with pytest.raises(PolicyDenied):
        actions.drop_unneeded_files(actor=owner)


def test_inv_32_tells_what_is_missing_and_what_was_changed(harm: Harm, owner: User) -> None:
    rows = [make_file(harm, actor=owner, content=content) for content in (b"gone", b"shorter", b"altered")]
    places = [storage.place_of(row.file.path) for row in rows if row.file]
    assert _problems() == []

    places[0].unlink()
    places[1].write_bytes(b"short")
    places[2].write_bytes(b"ALTERED")

    problems = _problems()
    assert len(problems) == 3
    assert "missing" in problems[0]
    assert "5 bytes" in problems[1]
    assert "digest" in problems[2]


def test_number_of_queries_does_not_grow(harm: Harm, owner: User, django_assert_num_queries: Any) -> None:
    for number in range(3):
        make_file(harm, actor=owner, content=str(number).encode())
    with django_assert_num_queries(1):
        assert len([row.added_by.name for row in selectors.of(harm)]) == 3
    for number in range(3, 30):
        make_file(harm, actor=owner, content=str(number).encode())
    with django_assert_num_queries(1):
        assert len([row.added_by.name for row in selectors.of(harm)]) == 30
    with django_assert_num_queries(1):
        assert len(selectors.digests_of("harms.harm", [harm.pk, 7])[harm.pk]) == 30


@pytest.mark.django_db(transaction=True)
def test_removing_waits_for_whoever_relies_on_it_just_now() -> None:
    system = make_system()
    row = make_file(system, actor=system.owner)
    refused: list[str] = []
    began = threading.Event()

    def remove() -> None:
        began.set()
        try:
            actions.remove(evidence_id=row.pk, reason="Wrong.", actor=system.owner)
        except ReliedOn:
            refused.append("relied on")
        finally:
            connections.close_all()

    with transaction.atomic():
        actions.use([row.pk], by=system)
        other = threading.Thread(target=remove)
        other.start()
        assert began.wait(5)
        time.sleep(0.3)
    other.join(10)

    assert refused == ["relied on"]
    assert Evidence.objects.get(pk=row.pk).removed_at is None


@pytest.mark.django_db(transaction=True)
def test_same_file_sent_by_two_at_once_is_kept_once() -> None:
    system = make_system()
    barrier, failures = threading.Barrier(2), []

    def add() -> None:
        try:
            barrier.wait(5)
            actions.add_file(subject=system, upload=upload(content=b"at once"), actor=system.owner)
        except Exception as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert failures == []
    assert (Evidence.objects.count(), StoredFile.objects.count()) == (2, 1)
    assert _problems() == []
