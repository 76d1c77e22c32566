"""`manage.py import_set SET FILE --user NAME`: import a file of cases; with --dry-run only say what it would bring."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from measurements import policies
from measurements.actions import sets as actions
from measurements.enums import UploadFormat
from measurements.models import MeasurementSet
from measurements.selectors import sets as selectors
from measurements.selectors.reading import ImportReport, chosen_format, import_report
from raiportal.accounts.models import User
from raiportal.errors import RaiportalError

REASONS_SHOWN = 20


class Command(BaseCommand):
    help = "Import a file of cases into a measurement set. What is in the set already is left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("set", type=int, help="id of the measurement set")
        parser.add_argument("file", type=Path, help="JSONL, CSV or a plain list of prompts")
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
            policies.may_import_cases(actor, measurement_set).require()
            report, _ = import_report(measurement_set, selectors.latest_version(measurement_set), file, format)
            self._tell(report)
            self.stdout.write("Nothing was stored.")
            return
        result = actions.import_cases(set_id=measurement_set.pk, file=file, file_name=name, format=format, actor=actor)
        self._tell(result.report)
        if result.version:
            self.stdout.write(f"Version {result.version.number} (id {result.version.pk}) holds {result.version.case_count:,} cases.")

    def _tell(self, report: ImportReport) -> None:
        self.stdout.write(f"{report.accepted:,} accepted, {report.duplicates:,} duplicates, {report.rejected_count:,} rejected.")
        for row in report.rejected[:REASONS_SHOWN]:
            self.stdout.write(f"  line {row.row}: {row.reason}")
        if report.rejected_count > REASONS_SHOWN:
            self.stdout.write(f"  and {report.rejected_count - REASONS_SHOWN:,} more.")
        for name, count in report.unknown_harms.items():
            self.stdout.write(f"This system has no harm “{name}”: {count} cases come in without one.")
        if report.ignored_columns:
            self.stdout.write(f"Ignored columns: {', '.join(report.ignored_columns)}.")
