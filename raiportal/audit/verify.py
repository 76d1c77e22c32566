"""Verifying the ledger in the database, from the first entry to the last, with the very rules of the stand-alone verifier."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from raiportal.audit import checkpoints, keys, written
from raiportal.audit.standalone.verify_ledger import Verifier


@dataclass(frozen=True)
class Report:
    """What verifying found. `problems` holds the first 1,000 sentences, `problem_count` counts all; `unsealed` entries wait for their seal."""

    ok: bool
    problems: list[str]
    entries: int
    segments: int
    unsealed: int
    problem_count: int
    seconds: float


def verify(checkpoint_file: Path | None = None) -> Report:
    """Go along the whole ledger in bounded memory. `checkpoint_file` is by default the one that sealing writes. Raises OSError if it can't be read."""
    began = time.monotonic()
    told = checkpoints.lines(checkpoint_file or settings.CHECKPOINTS)
    verifier = Verifier(keys.public_keys(), checkpoints=told, signed=keys.is_signed)  # has the checkpoints' length before the snapshot is taken
    with written.snapshot():
        for part in written.parts():
            (verifier.entry if part["kind"] == "entry" else verifier.segment)(part)
    found = verifier.finish()
    return Report(found.ok, found.problems, found.entries, found.segments, found.unsealed, found.problem_count, time.monotonic() - began)
