"""Every long list at 100,000 rows of its kind, at any depth and with filters: the first page, one half way down, the last, told as they come.

A page over its goal is marked and no failure: the machine's own speed is told first, by a page with next to nothing on it. A page that fails, or whose
list holds other rows than its filter leaves, is one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from benchmarks import filling, lists
from benchmarks.installation import Installation
from benchmarks.line import Line
from benchmarks.visits import OK, Reader, readers, visit
from raiportal.embedded import folder

ASKED = 5  # requests, of which the median counts
MOST_MILLISECONDS = 150
LAST_ROWS = 40  # on the last page
FLOOR = "/account/details/"  # next to nothing but the frame of a page
MILLISECONDS = 1_000

Survey = Callable[[Reader, str, int], dict[str, Any]]


def pages(portal: Installation, most: int) -> list[Line]:
    """Tells every page beside the goal; the line that counts says how many pages were wrong."""
    began = time.monotonic()
    filled = filling.fill(portal, most)
    print(f"       {most:,} rows of each kind in {time.monotonic() - began:.0f} s", flush=True)
    everything, some, administrator = readers(portal, list(filled.some))
    floor = visit(everything, FLOOR, ASKED)
    print(f"       floor: {FLOOR} takes {floor.seconds * MILLISECONDS:.1f} ms, at best {floor.least_seconds * MILLISECONDS:.1f} ms", flush=True)
    asked = {everything: lists.lists(filled), some: lists.lists_of_some(filled), administrator: lists.lists_of_settings(filled)}
    with surveying(portal) as survey:
        complaints = [complaint for reader in asked for listed in asked[reader] for complaint in _looked_at(portal, survey, reader, listed)]
    return [Line("pages that fail or hold other rows than they should", len(complaints), 0, "; ".join(complaints))]


def _looked_at(portal: Installation, survey: Survey, reader: Reader, listed: lists.Listed) -> list[str]:
    """Tell the first page of a list and its deeper ones. What is wrong with them, in words."""
    found = survey(reader, listed.path, LAST_ROWS)
    complaint = _complaint(portal, listed, found)
    if complaint:
        print(f"FAILED {listed.path}: {complaint}", flush=True)
        return [f"{listed.path}: {complaint}"]
    _tell(reader, listed.path, "first", found, found["rows"])
    return [wrong for depth, cursor in found["cursors"].items() for wrong in _deep(survey, reader, listed.path, depth, cursor, found["rows"])]


def _deep(survey: Survey, reader: Reader, path: str, depth: str, cursor: str, rows: int) -> list[str]:
    address = f"{path}{'&' if '?' in path else '?'}{urlencode({'cursor': cursor})}"
    found = survey(reader, address, 0)
    if found["status"] != OK or not found["shown"] or (depth == "last" and found["shown"] != LAST_ROWS):
        complaint = f"{path} {depth}: status {found['status']}, {found['shown']} rows"
        print(f"FAILED {complaint}", flush=True)
        return [complaint]
    _tell(reader, address, depth, found, rows)
    return []


def _complaint(portal: Installation, listed: lists.Listed, found: dict[str, Any]) -> str:
    """What is wrong with the first page of a list; "" for nothing."""
    if found["status"] != OK:
        return f"status {found['status']}"
    if not listed.rows:
        return ""
    held = portal.database.execute(f"select count(*) from {listed.rows}").fetchone()  # type: ignore[arg-type]  # noqa: S608  # ours
    return "" if held == (found["rows"],) else f"it lists {found['rows']} rows, there are {held[0] if held else 0}"


def _tell(reader: Reader, path: str, depth: str, found: dict[str, Any], rows: int | None) -> None:
    seen = visit(reader, path, ASKED)
    held = "" if rows is None else f"{rows:,} rows, "
    figures = f"at best {seen.least_seconds * MILLISECONDS:.0f} ms, {held}{found['queries']} queries, {seen.size / MILLISECONDS:.0f} KB"
    what = f"{path.partition('cursor=')[0].rstrip('?&')} {depth} ({reader.name})"
    print(Line(what, seen.seconds * MILLISECONDS, MOST_MILLISECONDS, figures), flush=True)


@contextmanager
def surveying(portal: Installation) -> Iterator[Survey]:
    """`benchmarks.survey` as a process beside the portal, asked one page at a time."""
    command = [sys.executable, "-m", "benchmarks.survey"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=portal.settled.environment, cwd=folder.CHECKOUT, text=True, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def survey(reader: Reader, path: str, last_rows: int) -> dict[str, Any]:
            print(json.dumps([reader.key, path, last_rows]), file=process.stdin, flush=True)
            told = process.stdout.readline()  # type: ignore[union-attr]
            if not told:
                raise SystemExit(f"The survey ended at {path}.")
            return dict(json.loads(told))

        yield survey
        process.stdin.close()
