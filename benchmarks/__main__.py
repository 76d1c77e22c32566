"""`python -m benchmarks [ROW ...]`: measure, print each figure beside its goal, fail when one isn't met. Rows: floor, slow, limit, kill."""

from __future__ import annotations

import sys

from benchmarks import rows
from benchmarks.installation import running

ROWS = {"floor": rows.against_the_floor, "slow": rows.slow_endpoint, "limit": rows.shared_limit, "kill": rows.killed_worker}
WORKERS = {"floor": 1, "slow": 1, "limit": 2, "kill": 1}


def main(chosen: list[str]) -> int:
    """Measure the rows named, or all. The exit code is 1 when a goal is missed."""
    names = chosen or list(ROWS)
    lines: list[rows.Line] = []
    for workers in sorted({WORKERS[name] for name in names}):
        with running(workers=workers) as portal:
            rows.warm_up(portal)
            for name in (name for name in names if WORKERS[name] == workers):
                lines += [_told(line) for line in ROWS[name](portal)]
    return 0 if all(line.holds for line in lines) else 1


def _told(line: rows.Line) -> rows.Line:
    sign = ">=" if line.at_least else "<="
    print(f"{'ok    ' if line.holds else 'MISSED'} {line.what:<62} {line.value:8.2f}  goal {sign} {line.goal:<5g} {line.figures}", flush=True)
    return line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
