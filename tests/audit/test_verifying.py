"""SEC-41, INV-17: what was edited, removed, inserted, moved or cut is found: in the database, as its owner did it, and in an exported file."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raiportal.audit import checkpoints, keys, ledger, verify, written
from raiportal.audit.actions import verifying
from raiportal.audit.models import Entry, Payload, Segment, Verification
from raiportal.audit.standalone import verify_ledger
from tests.audit import ledgers

pytestmark = pytest.mark.django_db

HOSTILE = 'Ada "O\'Hara"\n\t\\u0000 \x7f\x01 Ünal 🦉 \u2028'


@pytest.fixture
def whole() -> list[Segment]:
    """Three segments with three entries each, and one entry more."""
    ledgers.sealed(1)  # with whatever the installation began with
    found = ledgers.sealed(3, 3, 3)
    ledgers.write(reason=HOSTILE)
    return found


def _plant_edit(segment: Segment) -> str:
    ledgers.plant("update audit_entry set action = 'accounts.other' where id = %s", segment.last_id)
    return f"Entry {segment.last_id} was changed"


def _plant_clever_edit(segment: Segment) -> str:
    ledgers.plant("update audit_entry set action = 'accounts.other' where id = %s", segment.last_id)
    ledgers.plant("update audit_entry e set digest = audit_entry_digest(e) where id = %s", segment.last_id)
    return f"Segment {segment.number} (entries {segment.first_id} to {segment.last_id}) doesn't seal the entries that are there"


def _plant_payload(segment: Segment) -> str:
    ledgers.plant("update audit_payload set body = jsonb_set(body, '{reason}', '\"other\"') where entry_id = %s", segment.last_id)
    return f"The payload of entry {segment.last_id} was changed"


def _plant_blank(segment: Segment) -> str:
    ledgers.plant("update audit_payload set body = '{}', salt = '' where entry_id = %s", segment.last_id)
    return f"The payload of entry {segment.last_id} is blank, and no entry vouches"


def _plant_removal(segment: Segment) -> str:
    ledgers.plant("delete from audit_payload where entry_id = %s", segment.first_id + 1)
    ledgers.plant("delete from audit_entry where id = %s", segment.first_id + 1)
    return f"was sealed with 3 entries and has 2: entries were removed (numbers without an entry: {segment.first_id + 1})"


def _plant_exchange(segment: Segment) -> str:
    one, two = segment.first_id, segment.last_id
    for table, column in (("audit_entry", "id"), ("audit_payload", "entry_id")):
        for before, after in ((one, 0), (two, one), (0, two)):
            ledgers.plant(f"update {table} set {column} = %s where {column} = %s", after, before)
    return f"Entry {one} was changed"


def _plant_unchained(segment: Segment) -> str:
    ledgers.plant("delete from audit_segment where number = %s", segment.number)
    return f"follows segment {segment.number - 1}"


def _plant_forged_segment(segment: Segment) -> str:
    ledgers.plant("update audit_segment set signature = repeat('A', 86) || '==' where number = %s", segment.number)
    return f"The signature of segment {segment.number} (entries {segment.first_id} to {segment.last_id}) is false"


@pytest.mark.parametrize(
    "change",
    [
        _plant_edit,
        _plant_clever_edit,
        _plant_payload,
        _plant_blank,
        _plant_removal,
        _plant_exchange,
        _plant_unchained,
        _plant_forged_segment,
    ],
)
def test_sec_41_what_the_owner_changed_is_found(whole: list[Segment], change: Callable[[Segment], str]) -> None:
    assert verify.verify().problems == []

    sentence = change(whole[1])

    report = verify.verify()
    assert not report.ok
    assert any(sentence in problem for problem in report.problems), report.problems


def test_an_entry_added_where_a_number_was_free_is_found() -> None:
    ledgers.sealed(1)
    with connection.cursor() as cursor:
        cursor.execute("select audit_next_entry_id()")
        (free,) = cursor.fetchone()
    ledgers.sealed(2)
    (later,) = ledgers.write()
    ledgers.plant("update audit_payload set entry_id = %s where entry_id = %s", free, later.pk)
    ledgers.plant("update audit_entry set id = %s where id = %s", free, later.pk)
    ledgers.plant("update audit_entry e set digest = audit_entry_digest(e) where id = %s", free)

    assert any("was sealed with 2 entries and has 3: entries were added" in problem for problem in verify.verify().problems)


def test_inv_17_a_ledger_cut_at_a_seal_is_found_by_the_checkpoints(whole: list[Segment]) -> None:
    ledgers.plant("delete from audit_segment where number = %s", whole[2].number)
    ledgers.plant("delete from audit_payload where entry_id >= %s", whole[2].first_id)
    ledgers.plant("delete from audit_entry where id >= %s", whole[2].first_id)

    assert f"A checkpoint speaks of segment {whole[2].number}" in verify.verify().problems[0]
    assert verify.verify(Path("/nonexistent")).ok


def test_inv_17_a_ledger_written_anew_with_the_key_is_found_by_the_checkpoints(whole: list[Segment]) -> None:
    ledgers.plant("delete from audit_segment where number >= %s", whole[1].number)
    ledgers.plant("update audit_entry set action = 'accounts.other' where id = %s", whole[1].last_id)
    ledgers.plant("update audit_entry e set digest = audit_entry_digest(e) where id = %s", whole[1].last_id)
    ledgers.seal()

    assert verify.verify(Path("/nonexistent")).ok
    assert f"Segment {whole[1].number} isn't the one that its checkpoint tells of" in verify.verify().problems[0]


def test_result_is_kept_and_the_command_fails_when_something_is_wrong(whole: list[Segment], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit_verify")
    assert Verification.objects.latest("pk").is_ok
    _plant_edit(whole[0])

    with pytest.raises(CommandError, match=r"problems: \d+ entries in 4 segments, 1 not sealed yet") as failed:
        call_command("audit_verify")

    assert failed.value.returncode == 1
    kept = Verification.objects.latest("pk")
    assert not kept.is_ok
    assert f"Entry {whole[0].last_id} was changed" in kept.problems[0]
    assert verifying.verify_and_note().problem_count == kept.problem_count


# --- The file ---
def _export() -> list[str]:
    return list(written.export())


def _check(lines: list[str]) -> verify_ledger.Findings:
    told = [json.dumps(checkpoints.line(segment)) for segment in Segment.objects.order_by("number")]
    return verify_ledger.verify_export(lines, keys.public_keys(), checkpoints=told)


def test_the_verifier_stands_alone(whole: list[Segment], tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    call_command("audit_export", file)
    key = next(iter(keys.public_keys().values()))
    told = tmp_path / "checkpoints.jsonl"
    told.write_text("".join(json.dumps(checkpoints.line(segment)) + "\n" for segment in Segment.objects.order_by("number")))
    script = Path(verify_ledger.__file__)
    command = [sys.executable, "-I", "-S", str(script), str(file), "--key", base64.b64encode(key).decode(), "--checkpoints", str(told)]

    good = subprocess.run(command, capture_output=True, text=True, check=False)
    file.write_text(file.read_text().replace("because", "becausE", 1))
    bad = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("Everything holds")
    assert bad.returncode == 1
    assert "The payload of entry" in bad.stdout
    assert Entry.objects.filter(action="audit.ledger_exported").count() == 1


def _parsed(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_each_kind_of_tampering_with_the_file_is_found(whole: list[Segment]) -> None:
    lines = _export()
    kinds = [part["kind"] for part in _parsed(lines)]
    at = len(kinds) // 2
    while kinds[at] != "entry" or kinds[at + 1] != "entry":
        at += 1
    edited = json.loads(lines[at]) | {"action": "accounts.other"}
    forged = edited | {"id": edited["id"] * 1000}
    forged["digest"] = verify_ledger.entry_digest(forged)
    segment = kinds.index("segment", at)

    assert _check(lines).problems == []
    for name, changed in {
        "edited": [*lines[:at], json.dumps(edited), *lines[at + 1 :]],
        "removed": [*lines[:at], *lines[at + 1 :]],
        "inserted": [*lines[:at], json.dumps(forged), *lines[at:]],
        "repeated": [*lines[:at], lines[at], *lines[at:]],
        "reordered": [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
        "cut": lines[: segment + 1],
        "cut with its end": [*lines[: segment + 1], lines[-1]],
        "cut within a line": [*lines[:at], lines[at][:50]],
        "continued": [*lines, lines[at]],
        "without a segment": [*lines[:segment], *lines[segment + 1 :]],
    }.items():
        assert not _check(changed).ok, name


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_changed_in_the_file_is_found(whole: list[Segment], data: st.DataObject) -> None:
    lines = _export()
    place = data.draw(st.integers(1, len(lines) - 1))
    part = json.loads(lines[place])
    name = data.draw(st.sampled_from(sorted(part)))
    other = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=80) | st.lists(st.integers(), max_size=2))
    changes: dict[str, list[str]] = {
        "field": [*lines[:place], json.dumps(part | {name: other}), *lines[place + 1 :]],
        "missing field": [*lines[:place], json.dumps({key: value for key, value in part.items() if key != name}), *lines[place + 1 :]],
        "removed": [*lines[:place], *lines[place + 1 :]],
        "moved": [*lines[:place], *lines[place + 1 :]],
    }
    to = data.draw(st.integers(1, len(lines) - 1))
    changes["moved"].insert(to, lines[place])
    kind = data.draw(st.sampled_from(sorted(changes)))

    same = [json.dumps(json.loads(line)) for line in changes[kind]] == [json.dumps(json.loads(line)) for line in lines]
    assert same or not _check(changes[kind]).ok, (kind, name, other)


@pytest.mark.parametrize("text", ["", "\n", "{}", "[]", "nothing", '{"kind": "ledger"}', '{"kind": "ledger", "format": 2}'])
def test_what_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no export|empty"):
        verify_ledger.verify_export(text.splitlines(), {})


@pytest.mark.parametrize(
    "line", ["1", "null", "[]", '{"kind": "entry"}', '{"kind": []}', '{"kind": "entry", "id": "x"}', "[" * 9_999, "9" * 5_000, '"\\ud800"']
)
def test_damaged_lines_are_told_and_break_nothing(line: str) -> None:
    findings = verify_ledger.verify_export(['{"kind": "ledger", "format": 1}', line], {})

    assert "Line 2 isn't a whole line" in findings.problems[0]


@settings(max_examples=40)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200), place=st.integers(0, 63), bit=st.integers(0, 7))
def test_signatures_are_judged_as_the_cryptography_package_judges_them(seed: bytes, message: bytes, place: int, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    changed = bytearray(signature)
    changed[place] ^= 1 << bit

    assert verify_ledger.is_signed(public, signature, message)
    assert not verify_ledger.is_signed(public, bytes(changed), message)
    assert not verify_ledger.is_signed(public, signature, message + b"x")
    assert verify_ledger.is_signed(public, bytes(changed), message) == keys.is_signed(public, bytes(changed), message)


# --- Digests ---
_texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=60)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé1", max_size=3), inner, max_size=3) | st.dictionaries(st.integers(0, 20), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=_values, reason=_texts)
def test_what_the_database_gives_back_has_the_digest(db: None, value: Any, reason: str) -> None:
    system = ledgers.system()

    entry = ledger.record("accounts.noted", subject=system, actor=system, reason=reason, value=value)

    payload = Payload.objects.get(entry=entry)
    assert entry.payload_digest == ledger.payload_digest(payload.salt, payload.body)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=_texts)
def test_the_databases_digest_is_that_of_the_stand_alone_verifier(db: None, text: str) -> None:
    system = ledgers.system()
    entry = Entry.objects.create(action="x", actor=system, subject_kind="x", subject_label=text, request_id=text, payload_digest="0" * 64, token_id=7)

    (found,) = [part for part in written.parts() if part.get("id") == entry.pk]

    assert found["digest"] == verify_ledger.entry_digest(found)
