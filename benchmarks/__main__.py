"""`python -m benchmarks [ROW ...] [--prompts N]`: measure, print each figure beside its goal, fail when one isn't met."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import backups, faults, growth, intake, pages, register, rows
from benchmarks.installation import Installation, running
from benchmarks.line import Line


@dataclass(frozen=True)
class Row:
    """One row of the table: how it is measured over so many prompts, and on what installation."""

    measure: Callable[[Installation, int], list[Line]]
    prompts: int
    runners: int = 1
    counts_statements: bool = False


ROWS = {
    "floor": Row(rows.against_the_floor, 10_000),
    "slow": Row(rows.slow_endpoint, 1_000),
    "limit": Row(rows.shared_limit, 3_000, runners=2),
    "faults": Row(faults.failing_endpoint, 2_000),
    "kill": Row(rows.killed_runner, 4_000),
    "bare": Row(faults.bare_loop, 2_000),
    "growth": Row(growth.growth, 100_000, counts_statements=True),
    "import": Row(intake.import_of_rows, 10_000),
    "register": Row(register.register, 100_000),
    "pages": Row(pages.pages, 100_000),
    "backup": Row(backups.backups, 100_000),
}


def main(arguments: list[str]) -> int:
    """Measure the rows named, or all. The exit code is 1 when a goal is missed."""
    options = _parser().parse_args(arguments)
    chosen = [ROWS[name] for name in ROWS if not options.rows or name in options.rows]
    lines: list[Line] = []
    for runners, counts_statements in sorted({(row.runners, row.counts_statements) for row in chosen}):
        with running(runners=runners, counts_statements=counts_statements) as portal:
            rows.warm_up(portal)
            for row in chosen:
                if (row.runners, row.counts_statements) == (runners, counts_statements):
                    lines += _told(row.measure(portal, options.prompts or row.prompts))
    return 0 if all(line.holds for line in lines) else 1


def _told(lines: list[Line]) -> list[Line]:
    print("\n".join(map(str, lines)), flush=True)
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and faults on a real installation, beside a bare client.")
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="ROW", help=f"of {', '.join(ROWS)}; all by default")
    parser.add_argument("--prompts", type=int, help="another number of prompts, for a quick try; the goals are for the row's own")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
