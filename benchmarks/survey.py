"""What a list holds and where its deeper pages begin, asked inside an installation's environment: a line of JSON for each `[key, path, depths]` of stdin.

The page is asked for as its reader would. The rows and the order that it hands to the cut of its list are kept, and the cursors are written by the
portal itself from the rows in front of a depth: so a depth is one of the list as it is filtered and sorted.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import django

Cut = tuple[int, Callable[[], int], Callable[[int], str]]  # rows on the page; of the whole list: how many, and the cursor behind so many
_cuts: list[Cut] = []


def survey(key: str, path: str, last_rows: int) -> dict[str, Any]:
    """Status and queries of a page, once the process has made it; of a long list also its rows, and with `last_rows` the cursors to the page
    half way down and to the one with so many rows left."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    client.get(path)
    _cuts.clear()
    with CaptureQueriesContext(connection) as made:
        answer = client.get(path)
    told: dict[str, Any] = {"status": answer.status_code, "queries": len(made), "shown": None, "rows": None, "cursors": {}}
    return told | _of_list(_cuts[-1], last_rows) if answer.status_code == 200 and _cuts else told


def _of_list(cut: Cut, last_rows: int) -> dict[str, Any]:
    shown, count, cursor_behind = cut
    if not last_rows:
        return {"shown": shown}
    rows = count()
    depths = {"half-way": rows // 2, "last": rows - last_rows} if rows > shown and rows > 2 * last_rows else {}
    return {"shown": shown, "rows": rows, "cursors": {name: cursor_behind(depth) for name, depth in depths.items()}}


def watch() -> None:
    """Keep what every list of the portal is cut from."""
    from measurements.selectors import severity_order
    from raiportal import keyset

    keyset.page = _watched(keyset.page, _by_sort)  # type: ignore[assignment]
    severity_order.page = _watched(severity_order.page, _by_severity)  # type: ignore[assignment]


def _watched(page: Callable[..., Any], cut_of: Callable[..., Cut]) -> Callable[..., Any]:
    def watched(found: Any, order: Any, *arguments: Any, **options: Any) -> Any:
        made = page(found, order, *arguments, **options)
        _cuts.append(cut_of(len(made.rows), found, order, **options))
        return made

    return watched


def _by_sort(shown: int, found: Any, sort: Any, **options: Any) -> Cut:
    from raiportal import keyset

    def cursor_behind(depth: int) -> str:
        order = [f"-{name}" if sort.descending else name for name in sort.fields]
        before = found.order_by(*order).values_list("pk", flat=True)[depth - 1]
        return keyset._write(found.get(pk=before), sort, backwards=False)

    return shown, found.order_by().count, cursor_behind


def _by_severity(shown: int, found: Any, version: Any, *, is_descending: bool) -> Cut:
    from measurements.selectors import severity_order

    stages = [severity_order._above, severity_order._rest]

    def cursor_behind(depth: int) -> str:
        for stage in stages if is_descending else reversed(stages):
            rows = stage(found, version, None, is_descending)
            if depth <= (here := rows.count()):
                return severity_order._write(rows[depth - 1], is_descending, is_backwards=False)
            depth -= here
        raise IndexError(depth)

    return shown, found.order_by().count, cursor_behind


if __name__ == "__main__":
    django.setup()
    logging.disable(logging.WARNING)
    watch()
    for line in sys.stdin:
        print(json.dumps(survey(*json.loads(line))), flush=True)
