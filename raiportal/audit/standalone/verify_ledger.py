"""Verify an exported ledger of raiportal. One file, Python 3.11 or newer, nothing else needed:

    python verify_ledger.py ledger.jsonl --key BASE64 [--key BASE64 ...] [--checkpoints checkpoints.jsonl]

The export is one JSON object a line: `ledger` (the head), then `entry` lines in the order of their ids, each `segment` after the last entry it
seals, and `end`. `--key` is a public key that you trust, from `manage.py audit_verify --keys`, and not one from the file itself. Checkpoints are the
lines that the portal wrote outside its database with each seal. The exit code is 0 if everything holds, 1 if not, 2 if the file can't be read.

What is checked: each entry's columns give its digest, each payload gives the digest in its entry (or an entry vouches for its erasure), each segment
seals exactly its entries and is chained to the one before, every signature is by a trusted key, and each checkpoint is met.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

FORMAT = 1
GENESIS = "0" * 64  # stands for the segment before the first
ERASURE = "audit.payloads_erased"  # the action of entries that vouch for erased payloads
MOST_PROBLEMS = 1_000  # sentences kept; all are counted
AROUND_THE_EXPORT = timedelta(minutes=5)  # a seal of this age may have been on its way when the export was made
MOST_GAPS = 5  # numbers without an entry that a sentence names
ENTRY_COLUMNS = ("at", "actor", "action", "scope", "subject_kind", "subject_id", "subject_label", "request_id", "token_id", "refusal_key", "payload_digest")
SEGMENT_COLUMNS = ("number", "first_id", "last_id", "count", "entries_digest", "previous_digest", "sealed_at", "key_id")
END_COLUMNS = ("made_at", "entries", "segments", "head", "tail_digest", "key_id")

Signed = Callable[[bytes, bytes, bytes], bool]  # (public key, signature, message)


# --- What is digested and signed ---
def canonical(parts: list[Any]) -> str:
    return json.dumps(parts, ensure_ascii=False)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def entry_digest(entry: Mapping[str, Any]) -> str:
    return sha256(canonical(["raiportal ledger entry 1", entry["id"], *(entry[name] for name in ENTRY_COLUMNS)]))


def payload_digest(salt: str, payload: Any) -> str:
    return sha256(f"{salt}\n{json.dumps(payload, sort_keys=True, separators=(',', ':'), ensure_ascii=False)}")


def segment_text(segment: Mapping[str, Any]) -> str:
    """What a segment's digest is over, and what is signed."""
    return canonical(["raiportal ledger segment 1", *(segment[name] for name in SEGMENT_COLUMNS)])


def end_text(end: Mapping[str, Any]) -> str:
    return canonical(["raiportal ledger end 1", *(end[name] for name in END_COLUMNS)])


def key_id(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()[:16]


# --- Ed25519, RFC 8032 section 5.1: verifying only, so nothing secret is handled and time doesn't matter ---
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # extended homogeneous coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z


def _add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _multiply(scalar: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


def _same(one: Point, two: Point) -> bool:
    return (one[0] * two[2] - two[0] * one[2]) % P == 0 and (one[1] * two[2] - two[1] * one[2]) % P == 0


def _point(data: bytes) -> Point | None:
    """Decode 32 bytes; None for what is no point of the curve."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


_BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether this is the key's Ed25519 signature of the message."""
    if len(public_key) != 32 or len(signature) != 64 or _BASE is None:
        return False
    key, commitment = _point(public_key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    return _same(_multiply(scalar, _BASE), _add(commitment, _multiply(challenge, key)))


# --- Going along the ledger ---
@dataclass
class Findings:
    """What came out. `problems` holds the first sentences, `problem_count` counts all."""

    entries: int = 0
    segments: int = 0
    unsealed: int = 0  # entries after the last segment: nothing vouches for them yet
    later_segments: int = 0  # that checkpoints tell of and that were sealed after the export was made
    problem_count: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.problem_count == 0

    def add(self, sentence: str) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(sentence)


class Checkpoints:
    """Checkpoint lines, read along with the segments; their numbers grow."""

    def __init__(self, lines: Iterable[str], findings: Findings) -> None:
        self._findings = findings
        self._pairs = self._read(lines)
        self._next = next(self._pairs, None)

    def _read(self, lines: Iterable[str]) -> Iterator[tuple[int, str, str]]:
        last = 0
        for place, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                content = json.loads(line)
                number, digest, sealed_at = int(content["segment"]), str(content["digest"]), str(content["sealed_at"])
            except (ValueError, KeyError, TypeError):
                self._findings.add(f"Line {place} of the checkpoints can't be read.")
                continue
            if number <= last:
                self._findings.add(
                    f"Line {place} of the checkpoints speaks of segment {number} after segment {last}: they were changed, or belong to two ledgers."
                )
                continue
            last = number
            yield number, digest, sealed_at

    def meet(self, number: int, digest: str) -> None:
        while self._next and self._next[0] < number:
            self._findings.add(f"A checkpoint speaks of segment {self._next[0]}, which isn't there: it was removed.")
            self._next = next(self._pairs, None)
        if self._next and self._next[0] == number:
            if self._next[1] != digest:
                self._findings.add(f"Segment {number} isn't the one that its checkpoint tells of: the ledger was written anew from there or before.")
            self._next = next(self._pairs, None)

    def finish(self, last: int, made_at: datetime | None) -> None:
        """`made_at` is when an export was made: seals of later moments can't be in it, and are counted."""
        while self._next:
            if made_at and _moment(self._next[2]) > made_at - AROUND_THE_EXPORT:
                self._findings.later_segments += 1
            else:
                self._findings.add(f"A checkpoint speaks of segment {self._next[0]}, and the ledger ends with segment {last}: its end was cut off.")
            self._next = next(self._pairs, None)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


class Verifier:
    """Takes entries and segments in their order, and keeps no more than what the erased payloads need."""

    def __init__(self, keys: Mapping[str, bytes], *, checkpoints: Iterable[str] = (), signed: Signed = is_signed) -> None:
        self.findings = Findings()
        self._keys, self._signed = keys, signed
        self._checkpoints = Checkpoints(checkpoints, self.findings)
        self._last_id = self._sealed_id = self._number = 0
        self.head = GENESIS
        self._made_at: datetime | None = None
        self._blank: dict[int, int | None] = {}  # entries with a blank payload, and the entry that is said to vouch for it
        self._start_stretch()

    def _start_stretch(self) -> None:
        self._stretch, self._count, self._gaps = hashlib.sha256(), 0, list[int]()

    @property
    def tail_digest(self) -> str:
        """Over the entries since the last segment."""
        return self._stretch.hexdigest()

    def entry(self, entry: Mapping[str, Any]) -> None:
        pk = entry["id"]
        if pk <= self._last_id:
            self.findings.add(f"Entry {pk} comes after entry {self._last_id}: it was moved or repeated.")
        elif pk <= self._sealed_id:
            self.findings.add(f"Entry {pk} stands after the segment that seals its number: it was moved or added.")
        self._note_gap(pk)
        self._last_id = max(pk, self._last_id)
        self.findings.entries += 1
        self._count += 1
        self._stretch.update(f"{pk} {entry['digest']}\n".encode())
        if entry_digest(entry) != entry["digest"]:
            self.findings.add(f"Entry {pk} was changed after it was written: its columns don't give its digest.")
        self._payload(pk, entry)

    def _note_gap(self, pk: int) -> None:
        between = range(max(self._last_id, self._sealed_id) + 1, pk)
        self._gaps.extend(between[: MOST_GAPS + 1 - len(self._gaps)])

    def _payload(self, pk: int, entry: Mapping[str, Any]) -> None:
        payload = entry["payload"]
        if not entry["salt"] and not payload:
            self._blank[pk] = entry["erased_by"]
        elif entry["erased_by"] is not None or payload_digest(entry["salt"], payload) != entry["payload_digest"]:
            self.findings.add(f"The payload of entry {pk} was changed: it doesn't give the digest in its entry.")
        elif entry["action"] == ERASURE:
            for erased in payload["details"]["entries"]:
                if self._blank.get(erased) == pk:
                    del self._blank[erased]

    def segment(self, segment: Mapping[str, Any]) -> None:
        number = segment["number"]
        name = f"Segment {number} (entries {segment['first_id']} to {segment['last_id']})"
        if number != self._number + 1:
            self.findings.add(f"{name} follows segment {self._number}: what belongs between them was removed or moved.")
        if segment["previous_digest"] != self.head:
            self.findings.add(f"{name} isn't chained to the segment before it.")
        self._sealed_entries(name, segment)
        self._seal(name, segment)
        self._checkpoints.meet(number, segment["digest"])
        self._number, self.head, self._sealed_id = number, segment["digest"], max(segment["last_id"], self._sealed_id)
        self.findings.segments += 1
        self._start_stretch()

    def _sealed_entries(self, name: str, segment: Mapping[str, Any]) -> None:
        if segment["first_id"] != self._sealed_id + 1 or self._last_id > segment["last_id"]:
            self.findings.add(f"{name} doesn't begin and end where its neighbours do.")
        if self._count != segment["count"]:
            what = "removed" if self._count < segment["count"] else "added"
            self.findings.add(f"{name} was sealed with {segment['count']} entries and has {self._count}: entries were {what}{self._named_gaps(segment)}.")
        elif self.tail_digest != segment["entries_digest"]:
            self.findings.add(f"{name} doesn't seal the entries that are there: at least one was changed, exchanged or moved.")

    def _named_gaps(self, segment: Mapping[str, Any]) -> str:
        gaps = [*self._gaps, *range(max(self._last_id, self._sealed_id) + 1, segment["last_id"] + 1)[: MOST_GAPS + 1]]
        if not gaps or self._count >= segment["count"]:
            return ""
        return f" (numbers without an entry: {', '.join(str(gap) for gap in gaps[:MOST_GAPS])}{' and more' if len(gaps) > MOST_GAPS else ''})"

    def _seal(self, name: str, segment: Mapping[str, Any]) -> None:
        text = segment_text(segment)
        if sha256(text) != segment["digest"]:
            self.findings.add(f"{name} was changed after it was sealed: its columns don't give its digest.")
        self._signature(name, segment, text)

    def _signature(self, name: str, signed: Mapping[str, Any], text: str) -> None:
        key = self._keys.get(signed["key_id"])
        if key is None:
            self.findings.add(f"{name} is signed by a key that isn't trusted here ({signed['key_id']}).")
            return
        try:
            signature = base64.b64decode(signed["signature"], validate=True)
        except ValueError:
            signature = b""
        if not self._signed(key, signature, text.encode("utf-8", "surrogatepass")):
            self.findings.add(f"The signature of {name[0].lower() + name[1:]} is false.")

    def end(self, end: Mapping[str, Any]) -> None:
        """The last line of an export, which says what the file holds."""
        self._signature("The end of the file", end, end_text(end))
        self._made_at = _moment(end["made_at"])
        told = (end["entries"], end["segments"], end["head"], end["tail_digest"])
        if told != (self.findings.entries, self.findings.segments, self.head, self.tail_digest):
            self.findings.add(f"The file was made with {end['entries']} entries in {end['segments']} segments, and holds others now.")

    def finish(self) -> Findings:
        for pk in self._blank:
            self.findings.add(f"The payload of entry {pk} is blank, and no entry vouches for its erasure.")
        self._checkpoints.finish(self._number, self._made_at)
        self.findings.unsealed = self._count
        return self.findings


# --- The file ---
def verify_export(lines: Iterable[str], keys: Mapping[str, bytes], *, checkpoints: Iterable[str] = ()) -> Findings:
    """Verify an export, given as its lines. Raises ValueError when this is no export of a ledger."""
    verifier = Verifier(keys, checkpoints=checkpoints)
    kind, place = "", 0
    for place, line in enumerate(lines, 1):
        if kind == "end":
            verifier.findings.add(f"Line {place} follows the end of the file: it was added.")
            break
        kind = _take(verifier, line, place)
    if not place:
        raise ValueError("The file is empty.")
    if kind != "end":
        verifier.findings.add("The file has no end: it was cut off.")
    return verifier.finish()


def _take(verifier: Verifier, line: str, place: int) -> str:
    """Read one line and return its kind; "unreadable" when it is none."""
    try:
        content = json.loads(line)
        kind = str(content["kind"])
        if place > 1:
            {"entry": verifier.entry, "segment": verifier.segment, "end": verifier.end}[kind](content)
    except (KeyError, TypeError, AttributeError, RecursionError, ValueError):
        content, kind = {}, "unreadable"
        verifier.findings.add(f"Line {place} isn't a whole line of a ledger: it was changed or cut off.")
    if place == 1 and (kind, content.get("format")) != ("ledger", FORMAT):
        raise ValueError("This is no export of a ledger in a format that this file knows.")
    return kind


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Verify an exported ledger of raiportal.")
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--key", action="append", required=True, help="a public key that you trust, base64; may be given several times")
    parser.add_argument("--checkpoints", type=Path)
    options = parser.parse_args(arguments)
    told: Iterable[str]
    try:
        keys = [base64.b64decode(key, validate=True) for key in options.key]
        with _opened(options.ledger) as lines, _opened(options.checkpoints) if options.checkpoints else nullcontext([]) as told:
            findings = verify_export(lines, {key_id(key): key for key in keys}, checkpoints=told)
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    for problem_found in findings.problems:
        sys.stdout.write(f"{problem_found}\n")
    _tell(findings, with_checkpoints=bool(options.checkpoints))
    return int(not findings.ok)


def _opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8", errors="surrogateescape")


def _tell(findings: Findings, *, with_checkpoints: bool) -> None:
    verdict = "Everything holds" if findings.ok else f"{findings.problem_count} problems"
    sys.stdout.write(f"{verdict}: {findings.entries} entries in {findings.segments} segments; {findings.unsealed} not sealed yet.\n")
    if findings.later_segments:
        sys.stdout.write(f"The checkpoints tell of {findings.later_segments} segments that were sealed after this export was made: they aren't in it.\n")
    if not with_checkpoints:
        sys.stdout.write("Without checkpoints it can't be told whether the whole ledger was written anew by somebody who has the key.\n")


if __name__ == "__main__":
    sys.exit(main())
