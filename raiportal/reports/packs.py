"""The pack of a report: everything that it says, as the JSON whose digest is the report's.

Whoever holds a report's JSON file works its digest out anew from the value of "pack": keys sorted, no spaces, UTF-8, then SHA-256; see docs/reports.md.
"""

from __future__ import annotations

import datetime
from typing import Any

from raiportal.accounts.models import User
from raiportal.reports import content
from raiportal.reports.content import Content
from raiportal.reports.kinds import ReportKind
from raiportal.reports.models import Report

FORMAT = "raiportal-report-1"
DIGEST_METHOD = "SHA-256 of the value of pack as JSON with sorted keys, no spaces, in UTF-8"


def pack_of(kind: ReportKind, subject: Any, number: int, said: Content, *, actor: User, at: datetime.datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "kind": kind.slug,
        "kind_name": kind.name,
        "number": number,
        "subject": {"kind": kind.subject_kind, "id": subject.pk, "name": str(subject)},
        "made_at": at.astimezone(datetime.UTC).isoformat(),
        "made_by": {"username": actor.username, "name": actor.name},
        "content": content.plain(said),
    }


def as_file(report: Report) -> dict[str, Any]:
    """What the JSON file holds."""
    return {"digest": report.digest, "digest_method": DIGEST_METHOD, "pack": report.pack}


def is_whole(report: Report) -> bool:
    """Whether the pack is still the one that was digested, and the row's columns say what the pack says."""
    pack = report.pack
    told = (pack["kind"], pack["number"], pack["subject"]["kind"], pack["subject"]["id"])
    return content.digest_of(pack) == report.digest and told == (report.kind, report.number, report.subject_kind, report.subject_id)
