"""`manage.py import_set SET FILE --user NAME`: import a file of cases, or of cases with answers; with --dry-run only say what it would bring."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from measurements.actions import sets as actions
from measurements.enums import UploadFormat
from measurements.models import MeasurementSet
from measurements.selectors.reading import ImportReport, chosen_format
from raiportal.accounts.models import User
from raiportal.errors import RaiportalError
from raiportal.uploads import stored_file_name

REASONS_SHOWN = 20


class Command(BaseCommand):
    help = "Import a file of cases into a measurement set. What is in the set already is left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("set", type=int, help="id of the measurement set")
        parser.add_argument("file", type=Path, help="cases as JSONL, CSV or a plain list, or a file of garak, PyRIT or promptfoo")
        parser.add_argument("--user", required=True, help="sign-in name of whoever imports")
        parser.add_argument("--format", choices=UploadFormat.values, default="", help="found out from the file when left out")
        parser.add_argument("--dry-run", action="store_true", help="read and report, store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = User.objects.filter(username=options["user"].lower(), is_active=True).first()
        if actor is None:
            raise CommandError(f"There is no user “{options['user']}”.")
        measurement_set = MeasurementSet.objects.visible_to(actor).filter(pk=options["set"]).first()
        if measurement_set is None:
            raise CommandError(f"There is no measurement set {options['set']} that {actor.username} may see.")
        try:
            with options["file"].open("rb") as file:
                self._import(measurement_set, file, options, actor)
        except OSError as error:
            raise CommandError(f"{options['file']} can't be read: {error.strerror}.") from error
        except RaiportalError as refusal:
            raise CommandError(refusal.detail) from refusal

    def _import(self, measurement_set: MeasurementSet, file: IO[bytes], options: dict[str, Any], actor: User) -> None:
        name = options["file"].name
        format = chosen_format(options["format"], name, file)
        if options["dry_run"]:
            report, _ = actions.previewed_report(measurement_set, file, stored_file_name(name), format, actor)
            self._tell(report)
            self.stdout.write("Nothing was stored.")
            return
        result = actions.import_cases(set_id=measurement_set.pk, file=file, file_name=name, format=format, actor=actor)
        self._tell(result.report)
        if result.version:
            self.stdout.write(f"Version {result.version.number} (id {result.version.pk}) holds {result.version.case_count:,} cases.")
        if result.run:
            self.stdout.write(f"Run {result.run.code} (id {result.run.pk}) holds {result.run.planned_count:,} answers.")

    def _tell(self, report: ImportReport) -> None:
        self.stdout.write(f"{report.accepted:,} accepted, {report.duplicates:,} duplicates, {report.rejected_count:,} rejected.")
        results = report.results
        if results.answers:
            verdicts, people = sum(results.verdicts.values()), len(results.labels)
            self.stdout.write(f"{results.answers:,} answers, {verdicts:,} verdicts, {results.label_count:,} labels by {people:,} people.")
        if results.left_over:
            self.stdout.write(f"No place for: {', '.join(f'{name} ({count:,})' for name, count in results.left_over.items())}.")
        for row in report.rejected[:REASONS_SHOWN]:
            self.stdout.write(f"  line {row.row}: {row.reason}")
        if report.rejected_count > REASONS_SHOWN:
            self.stdout.write(f"  and {report.rejected_count - REASONS_SHOWN:,} more.")
        for name, count in report.unknown_harms.items():
            self.stdout.write(f"This system has no harm “{name}”: {count} cases come in without one.")
        if report.ignored_columns:
            self.stdout.write(f"Ignored columns: {', '.join(report.ignored_columns)}.")
