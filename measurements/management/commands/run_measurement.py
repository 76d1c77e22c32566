"""`manage.py run_measurement`: plan a run and start it; with --wait watch it to its end and print what it found.

Exit code 0: started, or (with --wait) completed with every estimate conclusive. 1: refused, paused, cancelled, not conclusive, or out of time.
"""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from measurements import statistics
from measurements.actions import run_start
from measurements.enums import RunState
from measurements.models import Estimate, MeasurementSet, MeasurementSetVersion, Metric, MetricVersion, Run
from measurements.selectors import estimates, figures
from measurements.selectors.metrics import newest_version
from measurements.selectors.outlook import usable_configurations
from measurements.selectors.progress import progress
from measurements.selectors.sets import latest_version
from raiportal.accounts.models import User
from raiportal.errors import RaiportalError
from systems.models import AISystem, Configuration

LONGEST_ID = 19  # digits, from which on a number is no id
LOOK_SECONDS = 2.0  # between two looks at a run


class Command(BaseCommand):
    help = "Measure a configuration on a set: plan a run and start it. Sets, metrics and systems are named by id or by name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("system", help="id, name or slug of the AI system")
        parser.add_argument("--user", required=True, help="sign-in name of whoever measures")
        parser.add_argument("--configuration", type=int, help="id of a configuration; the newest when left out")
        parser.add_argument("--set", required=True, help="id or name of a set; its latest version is taken")
        parser.add_argument("--set-version", type=int, help="number of an earlier version of the set")
        parser.add_argument("--metric", action="append", default=[], help="id or name; may be repeated; every metric of the system when left out")
        parser.add_argument("--repeats", type=int, default=1, help="calls for each case")
        parser.add_argument("--max-concurrency", type=int, help="calls at a time; the deployment's limit when left out")
        parser.add_argument("--wait", action="store_true", help="watch the run to its end, and print its estimates")
        parser.add_argument("--timeout", type=float, default=0, help="seconds to wait at most; 0 = as long as it takes")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = User.objects.filter(username=options["user"].lower(), is_active=True).first()
        if actor is None:
            raise CommandError(f"There is no user “{options['user']}”.")
        system = _named(AISystem.objects.visible_to(actor), options["system"], "system", ("scope__name", "scope__slug"))
        try:
            run = run_start.plan_and_start_run(**_parts(system, options), actor=actor)
        except RaiportalError as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(f"Run {run.code} started: {run.planned_count:,} calls to {run.snapshot['deployment']['name']}.")
        if options["wait"]:
            self._wait(run, options["timeout"])

    def _wait(self, run: Run, timeout_seconds: float) -> None:
        end = time.monotonic() + timeout_seconds if timeout_seconds else None
        told = ""
        while not _is_over(run):
            if end is not None and time.monotonic() > end:
                raise CommandError(f"{run.code} is not finished after {timeout_seconds:g} seconds. It goes on by itself.")
            time.sleep(LOOK_SECONDS)
            run.refresh_from_db()
            told = self._tell_progress(run, told)
        self._tell_end(run)

    def _tell_progress(self, run: Run, told: str) -> str:
        now = progress(run)
        words = f"{now.done:,} of {now.planned:,}, {now.counts['failed']:,} failed"
        if words != told:
            self.stdout.write(words)
            self.stdout.flush()
        return words

    def _tell_end(self, run: Run) -> None:
        if run.state != RunState.COMPLETED:
            why = f": {run.get_cause_display()}" if run.cause else ""
            raise CommandError(f"{run.code} is {run.get_state_display().lower()}{why}.")
        found = [row for row in estimates.estimates_of(run) if not row.stratum]
        for row in found:
            self.stdout.write(_words(row, run))
        if not all(row.is_conclusive for row in found):
            raise CommandError(f"{run.code} is not conclusive.")


def _is_over(run: Run) -> bool:
    """Nothing more comes by itself: estimates are there, or somebody has to act."""
    return run.judged_at is not None or run.state in (RunState.PAUSED, RunState.CANCELLED, RunState.FAILED)


def _words(row: Estimate, run: Run) -> str:
    version = row.metric_version
    return f"{version.metric.name}: {statistics.sentence(figures.of_row(row, run), threshold=version.threshold)}"


def _parts(system: AISystem, options: dict[str, Any]) -> dict[str, Any]:
    return {
        "configuration": _configuration(system, options["configuration"]),
        "set_version": _set_version(system, options["set"], options["set_version"]),
        "metric_versions": _metric_versions(system, options["metric"]),
        "repeats": options["repeats"],
        "max_concurrency": options["max_concurrency"],
    }


def _configuration(system: AISystem, pk: int | None) -> Configuration:
    usable = usable_configurations(system)
    found = usable.filter(pk=pk).first() if pk is not None else usable.first()
    if found is None:
        raise CommandError(f"{system.name} has no configuration {pk} that can be called." if pk is not None else f"{system.name} has no deployment to call.")
    return found


def _set_version(system: AISystem, name: str, number: int | None) -> MeasurementSetVersion:
    measurement_set: MeasurementSet = _named(MeasurementSet.objects.filter(system=system), name, "set", ("name",))
    if number is None:
        version = latest_version(measurement_set)
    else:
        version = MeasurementSetVersion.objects.filter(measurement_set=measurement_set, number=number).first()
    if version is None:
        raise CommandError(f"The set “{measurement_set}” has no such version." if number is not None else f"The set “{measurement_set}” has no cases yet.")
    return version


def _metric_versions(system: AISystem, names: list[str]) -> list[MetricVersion]:
    of_system = Metric.objects.filter(system=system).order_by("pk")
    chosen = [_named(of_system, name, "metric", ("name",)) for name in names] if names else list(of_system)
    if not chosen:
        raise CommandError(f"{system.name} has no metric yet.")
    return [newest_version(metric) for metric in chosen]


def _named(rows: Any, name: str, kind: str, fields: tuple[str, ...]) -> Any:
    """The row with this id, or else with this name. Raises CommandError for none."""
    asked: list[dict[str, Any]] = [{"pk": int(name)}] if name.isascii() and name.isdigit() and len(name) < LONGEST_ID else []
    asked += [{field: name} for field in fields]
    found = next((row for condition in asked if (row := rows.filter(**condition).first())), None)
    if found is None:
        raise CommandError(f"There is no {kind} “{name}” that this user may measure.")
    return found
