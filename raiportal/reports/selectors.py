"""Reports as pages, files and other apps read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import User
from raiportal.keyset import Sort
from raiportal.reports import policies
from raiportal.reports.content import Cell, Column, Table, words_of
from raiportal.reports.enums import PdfState
from raiportal.reports.kinds import report_kinds
from raiportal.reports.models import Report, ReportRecipient

NEWEST = "-made"
SORTS = {"made": Sort("pk")}
EXPORT_CHUNK = 500  # rows read at a time
EXPORTED = ("id", "kind", "system", "subject", "number", "title", "made_at", "made_by", "digest")
EXPORTED_RECIPIENTS = ("person", "username", "asked_by", "asked_at", "due_at", "state", "opened_at", "acknowledged_at", "note", "reminder_count")
MOST_LISTED = 20  # other reports of the same thing, on a report's page


def reports_of(user: User) -> QuerySet[Report]:
    """Without their content, which lists don't need."""
    rows: QuerySet[Report] = Report.objects.visible_to(user).select_related("scope", "made_by").defer("pack")
    return rows


def kind_name(slug: str) -> str:
    """What a kind is called; one that no app registers any more is called by its slug."""
    kind = report_kinds.get(slug)
    return kind.name if kind else slug


def kinds_made(user: User) -> list[tuple[str, str]]:
    """Kinds of which this person may read a report, with their names."""
    slugs = Report.objects.visible_to(user).order_by("kind").values_list("kind", flat=True).distinct()
    return [(slug, kind_name(slug)) for slug in slugs]


@dataclass(frozen=True)
class Row:
    """One report in the list. `sent` and `acknowledged` count recipients and are None for who may not know of them; `mine` is the reader's own copy."""

    report: Report
    kind: str
    sent: int | None
    acknowledged: int | None
    mine: ReportRecipient | None


def rows_for(reports: Sequence[Report], user: User) -> list[Row]:
    """Three queries, however many."""
    held = ReportRecipient.objects.filter(report__in=reports, taken_back_at=None)
    mine = {one.report_id: one for one in held.filter(person=user)}
    counted = held.order_by().values("report").annotate(sent=Count("pk"), done=Count("pk", filter=Q(acknowledged_at__isnull=False)))
    counts = {one["report"]: (one["sent"], one["done"]) for one in counted}
    rows = []
    for report in reports:
        sent, done = counts.get(report.pk, (0, 0)) if policies.may_see_recipients(user, report) else (None, None)
        rows.append(Row(report, kind_name(report.kind), sent, done, mine.get(report.pk)))
    return rows


def exported(rows: QuerySet[Report]) -> Iterator[dict[str, Any]]:
    for row in rows.iterator(EXPORT_CHUNK):
        yield {
            **{name: getattr(row, name) for name in ("id", "kind", "number", "title", "made_at", "digest")},
            "system": row.scope.name if row.scope else "",
            "subject": f"{row.subject_kind} {row.subject_id}",
            "made_by": row.made_by.name,
        }


# --- One report ---
def report_for(user: User, pk: int) -> QuerySet[Report]:
    """The report with what its page needs; the bytes of its PDF are left out."""
    rows: QuerySet[Report] = Report.objects.visible_to(user).filter(pk=pk)
    return rows.select_related("scope", "made_by", "pdf").defer("pdf__content")


def others_like(report: Report, user: User) -> QuerySet[Report]:
    """Reports of the same kind and subject, newest first, without this one."""
    return reports_of(user).filter(kind=report.kind, subject_id=report.subject_id).exclude(pk=report.pk).order_by("-number")


def before(report: Report, user: User) -> Report | None:
    """The newest older report of the same kind and subject that this person may read."""
    return others_like(report, user).filter(number__lt=report.number).first()


def copy_of(report: Report, user: User) -> ReportRecipient | None:
    """What was sent to this person themselves, unless it was taken back."""
    return ReportRecipient.objects.filter(report=report, person=user, taken_back_at=None).select_related("asked_by").first()


def recipients_of(report: Report, user: User) -> QuerySet[ReportRecipient]:
    """Those that this person may know of: who has not acknowledged first."""
    rows = ReportRecipient.objects.visible_to(user).filter(report=report).select_related("person", "asked_by", "report", "replaced_by")
    return rows.order_by("-taken_back_at", "-acknowledged_at", Lower("person__name"), "pk")


def exported_recipients(rows: QuerySet[ReportRecipient]) -> Iterator[dict[str, Any]]:
    plain = ("asked_at", "due_at", "opened_at", "acknowledged_at", "note", "reminder_count")
    for row in rows.iterator(EXPORT_CHUNK):
        names = {"person": row.person.name, "username": row.person.username, "asked_by": row.asked_by.name, "state": row.state.value}
        yield {**names, **{name: getattr(row, name) for name in plain}}


def people_to_ask() -> QuerySet[User]:
    """Everybody to whom a report may be sent."""
    return User.objects.filter(is_active=True, kind=UserKind.PERSON).order_by(Lower("name"), "pk")


def pdf_of(report: Report) -> bytes | None:
    """The PDF, if it is made."""
    rows = type(report.pdf).objects.filter(pk=report.pk, state=PdfState.MADE)  # type: ignore[attr-defined]
    content = rows.values_list("content", flat=True).first()
    return bytes(content) if content is not None else None


# --- Content as it is drawn ---
MOST_ROWS = 500  # of a table on a page; the files hold all of them


@dataclass(frozen=True)
class ShownCell:
    """`score` is that of a risk; `words` what the cell says, "" for nothing."""

    column: Column
    words: str
    score: int | None = None
    note: str = ""


@dataclass(frozen=True)
class ShownTable:
    """A table as a page draws it; `cut` counts the rows that are left out."""

    table: Table
    rows: tuple[tuple[ShownCell, ...], ...]
    cut: int


@dataclass(frozen=True)
class ShownSection:
    slug: str
    title: str
    blocks: tuple[tuple[str, Any], ...]  # what it is ("paragraphs", "figures", "table"), and the block or the ShownTable


def shown(report: Report) -> list[ShownSection]:
    return [ShownSection(section.slug, section.title, tuple(map(_shown, section.blocks))) for section in report.content.sections]


def _shown(block: Any) -> tuple[str, Any]:
    if not isinstance(block, Table):
        return type(block).__name__.lower(), block
    rows = tuple(tuple(_cell(column, value) for column, value in zip(block.columns, row, strict=True)) for row in block.rows[:MOST_ROWS])
    return "table", ShownTable(block, rows, max(len(block.rows) - MOST_ROWS, 0))


def _cell(column: Column, value: Cell) -> ShownCell:
    if isinstance(value, tuple):
        return ShownCell(column, words_of(value), value[0] * value[1], f"{value[0]} × {value[1]}")
    return ShownCell(column, "" if value is None else words_of(value))


# --- The main table as a file ---
def csv_columns(table: Table) -> list[str]:
    """A risk takes three columns: its score and both levels."""
    return [name for column in table.columns for name in _names(column)]


def csv_rows(table: Table) -> Iterator[dict[str, Any]]:
    for row in table.rows:
        yield {name: value for column, cell in zip(table.columns, row, strict=True) for name, value in zip(_names(column), _values(column, cell), strict=True)}


def _names(column: Column) -> tuple[str, ...]:
    return (f"{column.slug}_score", f"{column.slug}_severity", f"{column.slug}_frequency") if column.kind == "risk" else (column.slug,)


def _values(column: Column, cell: Cell) -> tuple[Any, ...]:
    if column.kind != "risk":
        return (cell,)
    return (cell[0] * cell[1], cell[0], cell[1]) if isinstance(cell, tuple) else (None, None, None)
