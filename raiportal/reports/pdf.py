"""A report as PDF: A4, tagged, with the digest on every page. The same report gives the same bytes with the same version of the typesetter.

The report goes to the typesetter as JSON beside a document of ours that reads it, so that no text of it can become markup.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from raiportal.look.levels import risk_level
from raiportal.reports.content import Cell, Column, Figures, Section, Table, canonical, read
from raiportal.reports.models import Report

DOCUMENT = Path(__file__).parent / "typesetting" / "report.typ"
ACCESSIBLE = "ua-1"  # PDF/UA-1, ISO 14289-1
WIDE_FROM = 8  # columns: such a table gets a page on its side
CHARACTERS_OF_A_SHARE = 14  # of the longest cell: one share of the width that text columns divide
MOST_SHARES = 6
LONG_ROW = 1_200  # characters of one row, from which it may break over pages


class NotRendered(Exception):
    """The typesetter refused, with its words."""


def rendered(report: Report) -> bytes:
    """The PDF. Raises NotRendered. Imports the typesetter, some 40 MB, only here: web processes never need it."""
    import typst

    inputs = {"report": canonical(_given(report)).decode()}
    moment = report.made_at.astimezone(datetime.UTC).replace(microsecond=0)
    compiler = typst.Compiler(str(DOCUMENT), root=str(DOCUMENT.parent), sys_inputs=inputs)
    try:
        return _compiled(compiler, moment, [ACCESSIBLE])
    except typst.TypstError:
        # A character for which no font has a drawing is forbidden by that standard; the report is worth more than the seal.
        try:
            return _compiled(compiler, moment, [])
        except typst.TypstError as problem:
            raise NotRendered(str(problem.message)) from problem


def _compiled(compiler: Any, moment: datetime.datetime, standards: list[str]) -> bytes:
    made: bytes = compiler.compile(format="pdf", timestamp=moment, pdf_standards=standards)
    return made


def _given(report: Report) -> dict[str, Any]:
    """What the document reads: the pack with its sections drawn up, the digest, and the moment in words."""
    content = read(report.pack["content"])
    at = report.made_at.astimezone(datetime.UTC)
    body = {"title": content.title, "summary": list(content.summary), "sections": [_section(section) for section in content.sections]}
    return {
        "pack": {**report.pack, "content": body},
        "digest": report.digest,
        "date": {"year": at.year, "month": at.month, "day": at.day},
        "made_at": f"{at:%-d %B %Y, %H:%M} UTC",
    }


def _section(section: Section) -> dict[str, Any]:
    blocks = [_block(block) for block in section.blocks]
    return {"title": section.title, "blocks": blocks, "is_wide": any(block.get("is_wide") for block in blocks)}


def _block(block: Any) -> dict[str, Any]:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figures):
        drawn = [{"value": figure.value, "label": figure.label, "basis": figure.basis, "note": figure.note} for figure in block.figures]
        return {"block": "figures", "figures": drawn}
    return {"block": "paragraphs", "texts": list(block.texts)}


def _table(table: Table) -> dict[str, Any]:
    return {
        "block": "table",
        "title": table.title,
        "columns": [{"label": column.label, "kind": column.kind} for column in table.columns],
        "widths": [_share(column, [row[index] for row in table.rows]) for index, column in enumerate(table.columns)],
        "rows": [{"cells": list(map(_cell, row)), "is_long": sum(len(str(value)) for value in row) > LONG_ROW} for row in table.rows],
        "empty": table.empty,
        "is_wide": len(table.columns) >= WIDE_FROM,
    }


def _share(column: Column, values: list[Cell]) -> int:
    """Of the width that text columns divide; 0 = as wide as its content."""
    if column.kind != "text":
        return 0
    longest = max((len(value) for value in values if isinstance(value, str)), default=0)
    return min(max(-(-longest // CHARACTERS_OF_A_SHARE), 1), MOST_SHARES)


def _cell(value: Cell) -> Any:
    if isinstance(value, tuple):
        score = value[0] * value[1]
        return {"severity": value[0], "frequency": value[1], "score": score, "word": risk_level(score).word}
    return value
